/** A message event means the same as JSON, as Avro of the registry, and from a file. */
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import avro from 'avsc'
import fc from 'fast-check'
import { latestSchema } from '../../../schemas/index.ts'
import { eventRecord, parseEvents } from '../../../services/gateway/message-events.ts'
import { parseMessageEvent } from '../../../services/ingest/delivery.ts'
import { Codec } from '../../../services/runtime/topics/codec.ts'
import { openChannelEvent } from '../../../services/shared/model/channel-event.ts'
import * as model from '../../../services/shared/model/message-event.ts'
import { settingAccess } from '../../../services/shared/tokens/access.ts'
import { identifyFile, readFile } from '../../../services/tools/replay/input/event-file.ts'
import { anyEvent } from '../../support/any-event.ts'
import { noon, testEnvelopes, testKeyring } from '../../support/builders.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const schema = JSON.parse(latestSchema('message-event'))
/** As a connector's serialiser has it: nothing of ours. */
const writer = avro.Type.forSchema(schema)

const registryBytes = (event: model.MessageEvent, id: number) => {
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return Buffer.concat([header, writer.toBuffer(event)])
}

describe('a message event', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'event-forms-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is the same event as JSON and as Avro of the registry, with every field', async () => {
    const registry = new MemoryRegistry()
    const codec = await Codec.open(registry)
    const id = await registry.register('channel-events.v1-value', latestSchema('message-event'))
    await codec.prepare([{ value: Buffer.from([0, 0, 0, 0, id]) }])
    fc.assert(
      fc.property(anyEvent, (event) => {
        const validated = (bytes: Buffer) => model.messageEventSchema.safeParse(parseMessageEvent(bytes, codec))
        const asJson = validated(Buffer.from(JSON.stringify(event)))
        expect(asJson.error?.issues).toBeUndefined()
        expect(asJson.data).toEqual(event)
        expect(validated(registryBytes(event, id))).toEqual(asJson)
      }),
    )
  })

  it('is the same event by HTTP, as the gateway stores it and ingest opens it', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const keyring = await testKeyring()
    const envelopes = testEnvelopes(keyring, () => undefined)
    const access = settingAccess('INGEST_TOKEN', ['ingest'])
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { events, valid } = parseEvents(Buffer.from(JSON.stringify([event])))
        expect(valid).toBe(true)
        const stored = eventRecord(events[0] as model.MessageEvent, access, noon, undefined, keyring, null, envelopes)
        const opened = openChannelEvent({ value: stored.value, headers: stored.headers ?? {} }, envelopes)
        const body = 'body' in opened ? opened.body : Buffer.alloc(0)
        expect(model.messageEventSchema.parse(parseMessageEvent(body, codec))).toEqual(event)
      }),
      { numRuns: 50 },
    )
  })

  it('is the same event from an NDJSON file and from an Avro container', async () => {
    const events = fc.sample(anyEvent, 200)
    const [json, container] = [join(folder, 'events.ndjson'), join(folder, 'events.avro')]
    writeFileSync(json, events.map((event) => JSON.stringify(event)).join('\n'))
    const encoder = new avro.streams.BlockEncoder(schema)
    const file = encoder.pipe(createWriteStream(container))
    for (const event of events) encoder.write(event)
    encoder.end()
    await finished(file)
    const read = async (path: string) => {
      const values: unknown[] = []
      const problems: unknown[] = []
      await readFile(
        await identifyFile(path),
        { from: null, to: null },
        async (records) => void values.push(...records.map(({ value }) => JSON.parse(String(value)))),
        (problem) => problems.push(problem),
      )
      return { values, problems }
    }
    expect(await read(json)).toEqual({ values: events, problems: [] })
    expect(await read(container)).toEqual({ values: events, problems: [] })
  })

  it('may hold fields that the contract does not know, at the top and in its referral', () => {
    const [event] = fc.sample(anyEvent, 1) as [model.MessageEvent]
    const referral = {
      source: 'tiktok_ad',
      ref: 'r',
      adId: null,
      advertiserId: null,
      clickId: null,
      url: null,
    } as const
    const result = model.messageEventSchema.safeParse({
      ...event,
      surplus: 1,
      referral: { ...referral, campaign_name: 'x' },
    })
    expect(result.data).toEqual({ ...event, referral })
  })
})
