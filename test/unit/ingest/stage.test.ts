import { openContent } from '../../../services/runtime/keys/sealed-content.ts'
import type { ConsumedRecord } from '../../../services/runtime/ports.ts'
import { disconnect, envelopePairOf } from '../../../services/shared/connections/connection.ts'
import type { MessageEvent } from '../../../services/shared/model/message-event.ts'
import type { Message } from '../../../services/shared/model/topic-values.ts'
import { markOf } from '../../../services/shared/persons/suppressions.ts'
import { messageEvent, noon } from '../../support/builders.ts'
import { labels, messages, openIngest } from '../../support/ingest-world.ts'

describe('ingest', () => {
  it('forwards an authorised event, without personal data in the clear', async () => {
    const { run, eventRecord, keyring, dataKey, codec } = await openIngest()
    const [message] = messages(await run(eventRecord({ text: 'ya hice el pago, soy Ana', aliases: ['MX.1234'] }))) as [
      Message,
    ]
    expect(message).toMatchObject({
      connectionId: 'acme-wa',
      conversation: keyring.pseudonym('conversation', 'whatsapp', '106540352242922', '106540352242922:5215550001111'),
      message: keyring.pseudonym('message', 'whatsapp', '106540352242922', 'wamid.one'),
      hasText: true,
      textOrigin: 'typed',
      occurredAt: noon,
    })
    const bytes = codec.encode('messages', message).toString('latin1')
    for (const personal of ['pago', 'Ana', '5215550001111', 'wamid', 'MX.1234', '106540352242922'])
      expect(bytes).not.toContain(personal)
    const content = openContent(message.content as Buffer, keyring.connectionKey('acme-wa', dataKey), message.message)
    expect(content.text).toBe('ya hice el pago, soy Ana')
  })

  it('reads an event that a connector wrote as Avro', async () => {
    const { run, recordOf, codec } = await openIngest()
    const value = codec.encode('channelEvents', messageEvent() as never)
    expect(labels(await run(recordOf({ value })))).toEqual(['forwarded'])
  })

  it('drops an event without an authorised connection, and claims nothing for it', async () => {
    const { run, eventRecord, dedup, crossSource, directory, connection } = await openIngest()
    expect(labels(await run(eventRecord({ accountId: 'unknown' })))).toEqual(['no_connection'])
    directory.apply('acme-wa', { ...connection, status: 'disconnected', dataKey: null })
    expect(labels(await run(eventRecord()))).toEqual(['disconnected'])
    expect(dedup.values.size + crossSource.values.size).toBe(0)
  })

  it('drops what follows a withdrawal at once, before control has ended the connection', async () => {
    const { decide, run, stage, delivery, eventRecord, connect, requests } = await openIngest()
    const since = noon - 60_000
    connect({ connectionId: 'acme-echo', source: 'echo', accountId: 'biz', connectedAt: since, authorisedAt: since })
    const removed = [{ accountId: 'biz', reason: 3, occurredAt: noon + 1_000 }]
    const { changes } = await decide(delivery({ events: [], ignored: ['account'], failed: [], removed }))
    await stage.save?.(changes)
    expect(requests).toMatchObject([{ kind: 'withdrawn', connectionId: 'acme-echo', code: 3 }])
    expect(labels(await run(eventRecord({ source: 'echo', accountId: 'biz' }), eventRecord()))).toEqual([
      'disconnected',
      'forwarded',
    ])
  })

  it.each(['paused', 'reconnect'] as const)(
    'processes messages of a connection that is %s: dispatch decides about its signals',
    async (status) => {
      const { run, eventRecord, directory, connection } = await openIngest()
      directory.apply('acme-wa', { ...connection, status })
      expect(labels(await run(eventRecord()))).toEqual(['forwarded'])
    },
  )

  it('drops a copy, in the same batch and later, and lets a redelivery of the record pass', async () => {
    const { run, eventRecord } = await openIngest()
    const first = eventRecord()
    expect(labels(await run(first, eventRecord()))).toEqual(['forwarded', 'duplicate'])
    expect(labels(await run(eventRecord()))).toEqual(['duplicate'])
    expect(messages(await run(first))).toHaveLength(1)
  })

  it.each<[string, Partial<MessageEvent>, Partial<MessageEvent>]>([
    ['an edit and its original', {}, { kind: 'edit', revision: 'e1' }],
    ['two edits of one message', { kind: 'edit', revision: 'e1' }, { kind: 'edit', revision: 'e2' }],
    ['two messages', { messageId: 'a' }, { messageId: 'b' }],
  ])('tells %s apart', async (_name, one, other) => {
    const { run, eventRecord } = await openIngest()
    expect(labels(await run(eventRecord(one), eventRecord(other)))).toEqual(['forwarded', 'forwarded'])
  })

  it('never takes one tenant’s event for another’s copy', async () => {
    const { run, eventRecord, directory, connection, keyring } = await openIngest()
    const other = {
      ...connection,
      connectionId: 'other',
      tenantId: 'other',
      accountId: '2',
      dataKey: keyring.newDataKey('other'),
    }
    directory.apply('other', other)
    const one = eventRecord({ channelMessageId: 'x' })
    expect(labels(await run(one, eventRecord({ accountId: '2', channelMessageId: 'x' })))).toEqual([
      'forwarded',
      'forwarded',
    ])
  })

  it('finds a copy of an event without a time of its own days later', async () => {
    const { run, eventRecord } = await openIngest()
    const at = (days: number) =>
      eventRecord({ timeSource: 'received', occurredAt: noon - 10 * 86_400_000 + days * 86_400_000 })
    expect(labels(await run(at(0)))).toEqual(['forwarded'])
    for (const days of [1, 2, 3]) expect(labels(await run(at(days)))).toEqual(['duplicate'])
  })

  it('forwards what joins a person’s old and new id, though its item is ignored', async () => {
    const { run, delivery, keyring } = await openIngest()
    const joined = messageEvent({
      kind: 'referral',
      text: null,
      textOrigin: null,
      messageId: 'sys',
      aliases: ['n:new'],
    })
    const outcomes = await run(delivery({ events: [], ignored: ['system'], failed: [], joined: [joined] }))
    expect(labels(outcomes)).toEqual(['forwarded', 'ignored_system'])
    expect(messages(outcomes)[0]).toMatchObject({
      kind: 'referral',
      hasReferral: false,
      content: null,
      aliases: [keyring.pseudonym('conversation', 'whatsapp', '106540352242922', 'n:new')],
    })
  })

  it('decides each item of a delivery by itself', async () => {
    const { run, delivery } = await openIngest()
    const body = {
      events: [messageEvent(), messageEvent(), messageEvent({ messageId: 'wamid.two' })],
      ignored: ['read', 'status'],
      failed: [{ rule: 'person', reason: 'no id' }],
    }
    const outcomes = await run(delivery(body))
    expect(labels(outcomes)).toEqual([
      'forwarded',
      'duplicate',
      'forwarded',
      'deadLettered',
      'ignored_read',
      'ignored_status',
    ])
    expect(messages(outcomes)[0]?.receivedAt).toBe(noon)
  })

  it('drops what a forgotten person writes, under any id, and leaves no claim', async () => {
    const { run, eventRecord, suppressions, keyring, dedup } = await openIngest()
    const { source, accountId, conversationId } = messageEvent()
    const mark = { source, connectionId: null, suppressedAt: noon, actor: 'ada' }
    suppressions.apply(markOf(keyring.pseudonym('conversation', source, accountId, conversationId), keyring), mark)
    const renamed = eventRecord({
      conversationId: 'new id',
      aliases: ['x', conversationId],
      messageId: 'wamid.renamed',
    })
    expect(labels(await run(eventRecord(), renamed))).toEqual(['suppressed', 'suppressed'])
    expect(dedup.values.size).toBe(0)
    expect(labels(await run(eventRecord({ conversationId: 'another', messageId: 'wamid.other' })))).toEqual([
      'forwarded',
    ])
  })

  it('refuses what was received before the consent, whenever it happened and whatever a header claims, and leaves no claim', async () => {
    const { run, eventRecord, connect, dedup } = await openIngest()
    connect({ connectionId: 'acme-wa', connectedAt: noon + 1_000 })
    const record = eventRecord({ occurredAt: noon + 2_000 })
    const claiming = { ...record, headers: { 'received-at': String(noon + 3_000) } }
    const redriven = { ...record, timestamp: noon + 4_000, headers: { 'received-at': String(noon) } }
    expect(labels(await run(record, claiming, redriven))).toEqual(Array(3).fill('outside_consent'))
    expect(dedup.values.size).toBe(0)
    const received = { ...record, timestamp: noon + 1_000 }
    expect(labels(await run(received))).toEqual(['forwarded'])
  })

  it.each<[string, (world: Awaited<ReturnType<typeof openIngest>>) => ConsumedRecord, string, RegExp]>([
    ['an unknown source', ({ delivery }) => delivery('{}', { source: 'unmapped' }), 'source_unknown', /source/],
    ['a body that is no delivery', ({ delivery }) => delivery('nonsense'), 'delivery_unreadable', /JSON/],
    ['a wrong seal', ({ delivery }) => delivery('{}', { sealed: 'source/other' }), 'seal_broken', /source\/other/],
    ['a malformed seal header', ({ delivery }) => delivery('{}', { sealed: 'x' }), 'headers_invalid', /sealed/],
    ['a tombstone', ({ recordOf }) => recordOf({ value: null }), 'headers_invalid', /no value/],
    [
      'no JSON',
      ({ recordOf }) => recordOf({ value: Buffer.from('hola Ana') }),
      'event_invalid',
      /neither JSON nor Avro/,
    ],
    [
      'a missing field',
      ({ recordOf }) => recordOf({ value: Buffer.from('{"source":"whatsapp"}') }),
      'event_invalid',
      /accountId/,
    ],
    [
      'a time in seconds',
      ({ eventRecord }) => eventRecord({ occurredAt: noon / 1000 }),
      'event_invalid',
      /occurredAt: looks like seconds/,
    ],
    [
      'a time in microseconds',
      ({ eventRecord }) => eventRecord({ occurredAt: noon * 1000 }),
      'event_invalid',
      /looks like microseconds/,
    ],
    ['a foreign channel', ({ eventRecord }) => eventRecord({ channel: 'Ana' as never }), 'event_invalid', /channel/],
  ])('refuses %s with code and field, and quotes nothing of it', async (_name, make, code, detail) => {
    const world = await openIngest()
    const failure = world.failureOf(make(world))
    expect(failure?.code).toBe(code)
    expect(failure?.detail).toMatch(detail)
    expect(failure?.detail).not.toMatch(/Ana/)
  })

  it('encodes the same record to the same bytes', async () => {
    const { run, eventRecord, codec } = await openIngest()
    const record = eventRecord()
    const [one] = messages(await run(record)) as [Message]
    const [two] = messages(await run(record)) as [Message]
    expect(codec.encode('messages', two)).toEqual(codec.encode('messages', one))
  })
})

describe('the keys of deliveries', () => {
  const body = () => ({ events: [messageEvent({ text: 'ya hice el pago' })], ignored: [], failed: [] })

  it('are opened by ingest', async () => {
    const { run, delivery } = await openIngest()
    const record = delivery(body(), {}, 'echo', 'acme-wa')
    expect(record.headers.sealed).toBe('connection/acme-wa/2026-11-23T12')
    expect(labels(await run(record))).toEqual(['forwarded'])
  })

  it('are gone once the connection is disconnected: the delivery is dropped, and is no dead letter', async () => {
    const { run, delivery, directory, connection } = await openIngest()
    const record = delivery(body(), {}, 'echo', 'acme-wa')
    directory.apply('acme-wa', disconnect(connection, noon))
    expect(labels(await run(record))).toEqual(['disconnected'])
  })

  it('do not open what came under an earlier consent', async () => {
    const { run, delivery, connect, keyring } = await openIngest()
    const record = delivery(body(), {}, 'echo', 'acme-wa')
    connect({ connectionId: 'acme-wa', ...envelopePairOf({ connectionId: 'acme-wa' }, keyring) })
    expect(labels(await run(record))).toEqual(['disconnected'])
  })

  it('tell whose a dead letter is, also where it is open or its address names the account', async () => {
    const { stage, delivery, eventRecord, recordOf } = await openIngest()
    const broken = { text: 7 as unknown as string }
    expect(stage.connectionOf?.(delivery('nonsense', {}, 'echo', 'acme-wa'))).toBe('acme-wa')
    expect(stage.connectionOf?.(eventRecord(broken))).toBe('acme-wa')
    const addressed = { source: 'whatsapp', account: '106540352242922' }
    expect(stage.connectionOf?.(recordOf({ value: Buffer.from('x'), headers: addressed }))).toBe('acme-wa')
    for (const value of ['nonsense', '7', 'null', '{"source": 7}'])
      expect(stage.connectionOf?.(recordOf({ value: Buffer.from(value) }))).toBeUndefined()
  })
})
