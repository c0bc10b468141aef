import { readdirSync } from 'node:fs'
import { latestSchema, schemaVersions } from '../../../../schemas/index.ts'
import { BadRecord } from '../../../../services/failures.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { avroType } from '../../../../services/runtime/topics/avro-type.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { attributedMessage, connectionRecord, message, messageEvent, signal } from '../../../support/builders.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const failing = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof BadRecord) return error.failure.code
    throw error
  }
  return 'nothing'
}

describe('the codec', () => {
  it.each([
    ['messages', message({ content: Buffer.from([1, 2]), aliases: ['ff'.repeat(16)], attachments: ['image'] })],
    ['attributedMessages', attributedMessage({ trackingId: 'E.C.P.1' })],
    ['signals', signal({ flags: ['payment'], kind: 'keyword', keywordListVersion: 3 })],
    [
      'connections',
      connectionRecord({ extractors: [{ from: 'text', query: null, pattern: '(x)', firstMessages: 3, only: [] }] }),
    ],
    [
      'touches',
      {
        conversation: 'c',
        startedBy: null,
        startedAt: null,
        restarts: [{ message: 'n', occurredAt: 9 }],
        firstMessages: ['m'],
        firstTimes: [4],
        touches: [{ occurredAt: 5, trackingId: 't', message: 'm', within: 3 }],
        lastAt: 9,
        waiting: [{ message: 'o', occurredAt: 10 }],
        waitUntil: 40,
        origins: [{ occurredAt: 5, source: 'meta_ad', adId: '7' }],
        counted: ['m'],
        aliases: ['d'],
        version: 7,
        connectionId: 'acme-wa',
        consent: 12,
      },
    ],
    [
      'replays',
      {
        run: 'r1',
        status: 'running',
        owner: 'o1',
        createdAt: 1,
        updatedAt: 2,
        request: '{}',
        stretches: [{ partition: 0, from: 1, to: 2 }],
        laneFrom: { 0: 5 },
        deliveriesFrom: {},
        counts: { new: 3 },
      },
    ],
    ['redrives', { deadLetter: 'a.dead.v1/0/1', origin: 'a.v1/0/1', redrives: 1, redrivenAt: 5, discarded: false }],
    [
      'keywordLists',
      {
        listId: 'default',
        version: 1,
        createdAt: 5,
        entries: [
          {
            keyword: 'pago',
            flag: 'payment',
            locale: null,
            match: 'word',
            fold: 'accents',
            addresses: 'count',
            unless: ['un pago'],
          },
        ],
        shadow: true,
        copyOf: 1,
        author: 'ana@host',
        checked: true,
      },
    ],
    [
      'deliveries',
      {
        signalId: 's',
        connectionId: 'c',
        kind: 'order',
        outcome: 'accepted',
        code: 0,
        requestId: null,
        attempt: 1,
        occurredAt: 1,
        sentAt: null,
        settledAt: 2,
        flags: ['payment'],
        event: 'Purchase',
        value: '12.50',
        currency: 'IDR',
        origin: 'tiktok_ad',
        hasTrackingId: true,
        test: true,
      },
    ],
  ] as const)('carries every field of %s through its bytes', async (topic, value) => {
    const codec = await Codec.open(new MemoryRegistry())
    const bytes = codec.encode(topic, value as never)
    expect(bytes[0]).toBe(0)
    expect({ ...codec.decode(topic, { value: bytes }) }).toEqual(value)
    expect(codec.encode(topic, value as never)).toEqual(bytes)
  })

  it('makes an attributed message of the bytes of its message', async () => {
    const registry = new MemoryRegistry()
    const writer = await Codec.open(registry)
    const stage = await Codec.open(registry, undefined, ['attributedMessages'])
    for (const text of ['', 'a'.repeat(10_000)]) {
      const record = {
        value: writer.encode('messages', message({ content: Buffer.from(text), aliases: ['f'.repeat(32)] })),
      }
      await stage.prepare([record])
      const attributed = attributedMessage({
        message: stage.decode('messages', record),
        trackingId: 'E.C.P.1',
        startsConversation: true,
        inboundMessages: 3,
        touchedAt: 1,
        origin: 'tiktok_ad',
      })
      expect(stage.encodeAttributed(attributed, record)).toEqual(writer.encode('attributedMessages', attributed))
    }
  })

  it('encodes an attributed message anew where its message came in another version', async () => {
    const registry = new MemoryRegistry()
    const [first] = schemaVersions('message') as [string]
    const id = await registry.register('messages.v1-value', first)
    const bytes = avroType(JSON.parse(first)).toBuffer(message())
    const value = Buffer.concat([Buffer.alloc(5), bytes])
    value.writeInt32BE(id, 1)
    const stage = await Codec.open(registry, undefined, ['attributedMessages'])
    await stage.prepare([{ value }])
    const attributed = attributedMessage({ message: stage.decode('messages', { value }) })
    expect(stage.encodeAttributed(attributed, { value })).toEqual(stage.encode('attributedMessages', attributed))
  })

  it('keeps values apart, also those of more than a slab', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const ids = Array.from({ length: 40 }, (_, n) => `${n}`.padEnd(n === 20 ? 100_000 : 3_000, 'x'))
    const values = ids.map((signalId) => codec.encode('signals', signal({ signalId })))
    expect(values.map((value) => codec.decode('signals', { value }).signalId)).toEqual(ids)
  })

  it('decodes a message event that a connector wrote in Avro', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const event = messageEvent()
    expect({ ...(codec.decodeMessageEvent(codec.encode('channelEvents', event as never)) as object) }).toEqual(event)
  })

  it.each<[string, (schema: { fields: { name: string; type: unknown }[] }) => void, string]>([
    [
      'a field',
      (schema) =>
        void schema.fields.splice(0, schema.fields.length, ...schema.fields.filter(({ name }) => name !== 'referral')),
      'referral',
    ],
    [
      'a field of the referral',
      (schema) => {
        const { type } = schema.fields.find(({ name }) => name === 'referral') as {
          type: { fields?: { name: string }[] }[]
        }
        const record = type.find(({ fields }) => fields) as { fields: { name: string }[] }
        record.fields = record.fields.filter(({ name }) => name !== 'clickId')
      },
      'referral.clickId',
    ],
  ])('refuses a message event by a schema without %s', async (_name, shrink, lacking) => {
    const registry = new MemoryRegistry()
    const codec = await Codec.open(registry)
    const schema = JSON.parse(latestSchema('message-event'))
    shrink(schema)
    const id = await registry.register('channel-events.v1-value', JSON.stringify(schema))
    const value = Buffer.alloc(5)
    value.writeInt32BE(id, 1)
    const bytes = Buffer.concat([value, avroType(schema).toBuffer(messageEvent())])
    await codec.prepare([{ value: bytes }])
    expect(failing(() => codec.decodeMessageEvent(bytes))).toBe('schema_incomplete')
    expect(() => codec.decodeMessageEvent(bytes)).toThrow(`lacks ${lacking}`)
  })

  it('requests a foreign schema id once, and an unknown one again after a while', async () => {
    const registry = new MemoryRegistry()
    const writer = await Codec.open(registry)
    const value = writer.encode('signals', signal())
    let now = 0
    const reader = await Codec.open(registry, { now: () => now }, [])
    registry.lookups = 0
    for (let n = 0; n < 3; n++) await reader.prepare([{ value }, { value }])
    expect(registry.lookups).toBe(1)
    expect({ ...reader.decode('signals', { value }) }).toEqual(signal())

    const unknown = Buffer.from(value)
    unknown.writeInt32BE(4711, 1)
    for (let n = 0; n < 3; n++) await reader.prepare([{ value: unknown }])
    expect(registry.lookups).toBe(2)
    expect(failing(() => reader.decode('signals', { value: unknown }))).toBe('schema_unknown')
    now += 60_000
    await reader.prepare([{ value: unknown }])
    expect(registry.lookups).toBe(3)
  })

  describe('of records that others write', () => {
    const topic = 'channel-events.v1'
    const avroOf = (id: number) => {
      const value = Buffer.alloc(12)
      value.writeInt32BE(id, 1)
      return { topic, value, headers: {} }
    }
    const opened = async () => {
      const registry = new MemoryRegistry()
      let now = 0
      const codec = await Codec.open(registry, { now: () => now }, [])
      registry.lookups = 0
      return { registry, codec, pass: (ms: number) => (now += ms) }
    }

    it('does not take a sealed body for Avro', async () => {
      const { registry, codec } = await opened()
      await codec.prepare([{ ...avroOf(4711), headers: { sealed: 'common/a/1' } }])
      expect(registry.lookups).toBe(0)
    })

    it('asks for some unknown ids only, and again after a while', async () => {
      const { registry, codec, pass } = await opened()
      for (let id = 100; id < 5_000; id++) await codec.prepare([avroOf(id)])
      expect(registry.lookups).toBe(20)
      pass(30_000)
      await codec.prepare([avroOf(100)])
      expect(registry.lookups).toBe(21)
    })

    it('waits for no registry that does not answer', async () => {
      const { registry, codec, pass } = await opened()
      let away = true
      let timeout: number | undefined
      const schemaById = registry.schemaById.bind(registry)
      registry.schemaById = async (id, timeoutMs) => {
        timeout = timeoutMs
        const schema = await schemaById(id)
        if (away) throw new DependencyError('registry', 'does not answer')
        return schema
      }
      for (let id = 100; id < 110; id++) await codec.prepare([avroOf(id)])
      expect([registry.lookups, timeout]).toEqual([1, 2_000])
      expect(failing(() => codec.decodeMessageEvent(avroOf(100).value))).toBe('schema_unknown')
      away = false
      pass(30_000)
      const id = await registry.register('connector', '"string"')
      await codec.prepare([avroOf(id)])
      expect(failing(() => codec.decodeMessageEvent(avroOf(id).value))).toBe('schema_incomplete')
    })

    it.each([
      '{"type":"object","properties":{}}',
      'syntax = "proto3"; message A {}',
      '{"type":"array","items":"Other"}',
    ])('takes a schema that is no Avro for unknown: %s', async (schema) => {
      const { registry, codec } = await opened()
      registry.schemaById = async () => schema
      for (const topic of ['channel-events.v1', 'messages.v1']) {
        await codec.prepare([{ ...avroOf(100), topic }])
        expect(failing(() => codec.decode('messages', avroOf(100)))).toBe('schema_unknown')
      }
    })

    it('keeps ids of our own topics waiting for the registry', async () => {
      const { registry, codec } = await opened()
      registry.schemaById = async () => {
        throw new DependencyError('registry', 'does not answer')
      }
      await expect(codec.prepare([{ ...avroOf(100), topic: 'messages.v1' }])).rejects.toThrow('does not answer')
    })
  })

  it.each([
    ['a tombstone', null],
    ['text', Buffer.from('{"signalId":1}')],
    ['too little', Buffer.from([0, 0, 0])],
  ])('refuses %s', async (_name, value) => {
    const codec = await Codec.open(new MemoryRegistry())
    expect(failing(() => codec.decode('signals', { value }))).toBe('bytes_invalid')
  })

  it('rejects bytes that do not match their schema, without quoting them', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const value = Buffer.concat([codec.encode('signals', signal()).subarray(0, 5), Buffer.from('hola Ana, ya pagué')])
    expect(() => codec.decode('signals', { value })).toThrow(/does not decode by schema id/)
    expect(() => codec.decode('signals', { value })).not.toThrow(/Ana/)
  })

  it('decodes a record of an older schema version', async () => {
    const registry = new MemoryRegistry()
    const codec = await Codec.open(registry)
    const older = JSON.parse(schemaVersions('signal').at(-1) as string) as { fields: { name: string }[] }
    older.fields = older.fields.filter(({ name }) => name !== 'keywordListVersion')
    const id = await registry.register('signals.v1-value', JSON.stringify(older))
    const { default: avro } = await import('avsc')
    const body = avro.Type.forSchema(older as never).toBuffer({ ...signal(), keywordListVersion: undefined })
    const value = Buffer.concat([Buffer.from([0, 0, 0, 0, id]), body])
    await codec.prepare([{ value }])
    expect({ ...codec.decode('signals', { value }) }).toEqual(signal())
  })
})

describe('the schemas', () => {
  const folders = readdirSync('schemas', { withFileTypes: true }).filter((entry) => entry.isDirectory())

  it.each(folders.map(({ name }) => [name]))(
    '%s: a field that may be absent has a default, so that versions stay compatible',
    (name) => {
      for (const text of schemaVersions(name)) {
        const schema = JSON.parse(text) as { fields: { name: string; type: unknown; default?: unknown }[] }
        const lacking = schema.fields.filter(
          ({ type, ...field }) => Array.isArray(type) && type[0] === 'null' && !('default' in field),
        )
        expect(lacking).toEqual([])
      }
    },
  )
})
