import { attribution, type TrackingIdRefusal } from '../../../services/attribution/stage.ts'
import type { Outcome } from '../../../services/runtime/batch/outcome.ts'
import { sealContent } from '../../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../services/shared/connections/directory.ts'
import type { ConversationState } from '../../../services/shared/conversations/state.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import type { Referral } from '../../../services/shared/model/message-event.ts'
import type { AttributedMessage, Message } from '../../../services/shared/model/topic-values.ts'
import { markOf, Suppressions } from '../../../services/shared/persons/suppressions.ts'
import { connectionRecord, consumedRecord, message, noon, testKeyring } from '../../support/builders.ts'
import { MemoryConversationStore } from '../../support/memory-conversation-store.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const minute = 60_000

const world = async (connection: Partial<ConnectionRecord> = {}, countUpTo = 0) => {
  const keyring = await testKeyring()
  const dataKey = keyring.newDataKey('acme-wa')
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord({ dataKey, ...connection }))
  const store = new MemoryConversationStore()
  const codec = await Codec.open(new MemoryRegistry())
  const refused: TrackingIdRefusal[] = []
  const countRefused = (more: readonly TrackingIdRefusal[]) => void refused.push(...more)
  const suppressions = new Suppressions(keyring)
  const stage = attribution({
    suppressions,
    directory,
    store,
    codec,
    keyring,
    waitMs: 30_000,
    textWindowMs: 600_000,
    countRefused,
    countUpTo: () => countUpTo,
  })
  const key = keyring.connectionKey('acme-wa', dataKey)

  let n = 0
  /** A message of the person, `at` minutes after noon. */
  const messageAt = (
    at: number,
    fields: Partial<Message> & { text?: string; referral?: Partial<Referral> } = {},
  ): Message => {
    const { text, referral, ...rest } = fields
    const id = rest.message ?? (++n).toString(16).padEnd(32, '0')
    const full = referral
      ? {
          source: 'tiktok_ad' as const,
          ref: null,
          adId: null,
          advertiserId: null,
          clickId: null,
          url: null,
          ...referral,
        }
      : null
    return message({
      message: id,
      occurredAt: noon + at * minute,
      hasText: text !== undefined,
      hasReferral: full !== null,
      content:
        text !== undefined || full ? sealContent({ text: text ?? null, links: [], referral: full }, key, id) : null,
      ...rest,
    })
  }
  const run = async (...batch: Message[]) => {
    const inputs = batch.map((value, at) => ({ value, record: consumedRecord({ offset: BigInt(at) }), attempt: 1 }))
    const state = await stage.load(inputs, noon)
    const { outcomes, changes } = stage.decide(inputs, { state, now: noon })
    await stage.save(changes)
    return outcomes.flat() as Outcome[]
  }
  return { messageAt, run, store, directory, keyring, refused, suppressions }
}

const attributed = (outcomes: Outcome[]): AttributedMessage[] =>
  outcomes
    .flatMap((outcome) => (outcome.kind === 'forwarded' ? outcome.records : []))
    .flatMap((record) => (record.topic === 'attributedMessages' ? [record.value] : []))
const touched = (outcomes: Outcome[]) =>
  outcomes
    .flatMap((outcome) => (outcome.kind === 'forwarded' ? outcome.records : []))
    .filter(({ topic }) => topic === 'touches')

describe('attribution', () => {
  it('starts a conversation with the person’s first message and with no later one', async () => {
    const { messageAt, run } = await world()
    const result = attributed(await run(messageAt(0), messageAt(1), messageAt(2)))
    expect(result.map(({ startsConversation }) => startsConversation)).toEqual([true, false, false])
  })

  it('does not start one with the business’s message', async () => {
    const { messageAt, run } = await world()
    const result = attributed(await run(messageAt(0, { direction: 'outbound', sender: 'agent' }), messageAt(1)))
    expect(result.map(({ startsConversation }) => startsConversation)).toEqual([false, true])
  })

  it('credits what follows a referral to it, without a message of its own', async () => {
    const { messageAt, run } = await world()
    const outcomes = await run(
      messageAt(0, { kind: 'referral', referral: { ref: 'spring' } }),
      messageAt(1),
      messageAt(2),
    )
    expect(attributed(outcomes).map(({ trackingId }) => trackingId)).toEqual(['spring', 'spring'])
    expect(attributed(outcomes).map(({ startsConversation }) => startsConversation)).toEqual([true, false])
  })

  it('hands on what rules need: the start, the touch that counts, and the number of the message', async () => {
    const { messageAt, run } = await world({}, 2)
    const [first, ...later] = attributed(
      await run(
        messageAt(0, { kind: 'referral', referral: { ref: 'spring' } }),
        ...[1, 2, 3].map((at) => messageAt(at)),
        messageAt(4, { direction: 'outbound', sender: 'agent' }),
        messageAt(5, { kind: 'outcome', direction: 'outbound', sender: 'agent' }),
      ),
    )
    const startedBy = first?.message.message.slice(0, 12)
    expect(first).toMatchObject({ startedBy, touchedAt: noon, touchId: 'spring', inboundMessages: 1 })
    expect(later.map(({ inboundMessages }) => inboundMessages)).toEqual([2, null, null, null])
    for (const one of later) expect(one).toMatchObject({ startedBy, touchedAt: noon, touchId: 'spring' })
    expect(later.at(-1)).toMatchObject({
      trackingId: 'spring',
      startsConversation: false,
      message: { kind: 'outcome' },
    })
  })

  it('starts no conversation with an outcome, nor counts it as written', async () => {
    const { messageAt, run } = await world({}, 9)
    const report = { kind: 'outcome', direction: 'outbound', sender: 'agent' } as const
    expect(attributed(await run(messageAt(0, report), messageAt(1)))).toMatchObject([
      { startsConversation: false, startedBy: null, inboundMessages: null, touchedAt: null, origin: 'none' },
      { startsConversation: true, inboundMessages: 1 },
    ])
  })

  it.each<[string, Parameters<Awaited<ReturnType<typeof world>>['messageAt']>[1], string]>([
    ['an ad of TikTok', { kind: 'referral', referral: { source: 'tiktok_ad', adId: '178' } }, 'tiktok_ad'],
    ['an ad of Meta, without a tracking ID', { referral: { source: 'meta_ad', adId: '77' } }, 'meta_ad'],
    ['a link in a text', { text: 'https://x.example/?ttclid=abc' }, 'link'],
    ['a text', { text: 'hola' }, 'none'],
  ])('says how a person came: by %s', async (_name, fields, origin) => {
    const { messageAt, run } = await world()
    expect(attributed(await run(messageAt(0, fields), messageAt(1))).at(-1)?.origin).toBe(origin)
  })

  it('tells the last way that a person came at the time of the message, and keeps no words as an ad', async () => {
    const { messageAt, run, store } = await world()
    const ofAd = (at: number, source: 'meta_ad' | 'tiktok_ad') =>
      messageAt(at, { kind: 'referral', referral: { source, adId: source === 'meta_ad' ? 'soy Zoraida' : '178' } })
    const found = attributed(await run(ofAd(0, 'meta_ad'), ofAd(10, 'tiktok_ad'), messageAt(5), messageAt(11)))
    expect(found.map(({ origin }) => origin)).toEqual(['meta_ad', 'tiktok_ad'])
    expect(Buffer.concat([...store.values.values()]).toString('latin1')).not.toContain('Zoraida')
  })

  it('counts what is no tracking ID, and the conversation all the same', async () => {
    const { messageAt, run, refused } = await world()
    const outcomes = await run(
      messageAt(0, { kind: 'referral', referral: { ref: 'zoraida@example.com' } }),
      messageAt(1, { text: 'https://x.example/?ttclid=__CLICKID__' }),
      messageAt(2, { text: 'https://x.example/?ttclid=abc' }),
    )
    expect(attributed(outcomes)).toMatchObject([
      { trackingId: null, startsConversation: true },
      { trackingId: 'abc', startsConversation: false },
    ])
    expect(refused).toEqual([
      { connectionId: 'acme-wa', refused: 1 },
      { connectionId: 'acme-wa', refused: 1 },
    ])
    expect(JSON.stringify(outcomes, (_, value) => (typeof value === 'bigint' ? String(value) : value))).not.toMatch(
      /zoraida|CLICKID/,
    )
  })

  it('reports no touch whose id is none, also one that was kept before', async () => {
    const { messageAt, run, store } = await world()
    await run(messageAt(0, { kind: 'referral', referral: { ref: 'spring' } }))
    for (const conversation of store.values.keys()) {
      const state = (await store.read([conversation]))[0] as ConversationState
      const touches = state.touches.map((one) => ({ ...one, trackingId: 'Mi nombre es Zoraida Quispe' }))
      await store.write([{ conversation, state: { ...state, touches }, basedOn: state.version }])
    }
    expect(attributed(await run(messageAt(1)))[0]).toMatchObject({ trackingId: null, startsConversation: true })
  })

  it('keeps state across batches', async () => {
    const { messageAt, run } = await world()
    await run(messageAt(0, { kind: 'referral', referral: { ref: 'spring' } }))
    expect(attributed(await run(messageAt(1)))[0]).toMatchObject({ trackingId: 'spring', startsConversation: true })
    expect(attributed(await run(messageAt(2)))[0]).toMatchObject({ trackingId: 'spring', startsConversation: false })
  })

  it('decides the same when a batch is redelivered, before and after its state was saved', async () => {
    const { messageAt, run, store } = await world()
    const batch = [
      messageAt(0, { kind: 'referral', referral: { ref: 'spring' } }),
      messageAt(1, { text: 'hola' }),
      messageAt(2),
    ]
    const first = attributed(await run(...batch))
    expect(attributed(await run(...batch))).toEqual(first)
    store.values.clear()
    expect(attributed(await run(...batch))).toEqual(first)
  })

  it('takes a tracking ID from a link in the first text, and counts it for that message itself', async () => {
    const { messageAt, run } = await world()
    const result = attributed(
      await run(messageAt(0, { text: 'vi https://x.example/?ttclid=E.1' }), messageAt(1, { text: 'pago' })),
    )
    expect(result.map(({ trackingId }) => trackingId)).toEqual(['E.1', 'E.1'])
  })

  it('credits the last touch, by event time and within the window', async () => {
    const { messageAt, run } = await world({ attributionWindowDays: 1 })
    await run(
      messageAt(0, { kind: 'referral', referral: { ref: 'first' } }),
      messageAt(60, { kind: 'referral', referral: { ref: 'second' } }),
    )
    const result = attributed(await run(messageAt(30), messageAt(90), messageAt(60 + 24 * 60 + 1)))
    expect(result.map(({ trackingId }) => trackingId)).toEqual(['first', 'second', null])
  })

  it('never credits a message to a referral that came after it', async () => {
    const { messageAt, run } = await world()
    await run(messageAt(10, { kind: 'referral', referral: { ref: 'late' } }))
    expect(attributed(await run(messageAt(5)))[0]?.trackingId).toBeNull()
  })

  it('ignores edits and deletions', async () => {
    const { messageAt, run, store } = await world()
    const outcomes = await run(
      messageAt(0, { kind: 'edit', text: 'https://x.example/?ttclid=E.1' }),
      messageAt(1, { kind: 'deletion' }),
    )
    expect(outcomes).toEqual([
      { kind: 'dropped', reason: 'state_only' },
      { kind: 'dropped', reason: 'state_only' },
    ])
    expect(store.values.size).toBe(0)
  })

  it('builds state from history, which raises nothing', async () => {
    const { messageAt, run } = await world()
    const result = attributed(await run(messageAt(0, { backfill: true }), messageAt(1)))
    expect(result.map(({ startsConversation }) => startsConversation)).toEqual([false, false])
  })

  it('recognises a person by a second id', async () => {
    const { messageAt, run } = await world()
    await run(
      messageAt(0, {
        conversation: '11'.repeat(16),
        aliases: ['22'.repeat(16)],
        text: 'https://x.example/?ttclid=E.1',
      }),
    )
    expect(attributed(await run(messageAt(1, { conversation: '22'.repeat(16) })))[0]).toMatchObject({
      trackingId: 'E.1',
      startsConversation: false,
    })
  })

  it('writes one record of touches for a conversation that changed, and none for one that did not', async () => {
    const { messageAt, run } = await world()
    expect(touched(await run(messageAt(0), messageAt(1), messageAt(2)))).toHaveLength(1)
    expect(touched(await run(messageAt(5, { message: '1'.padEnd(32, '0') }), messageAt(6)))).toHaveLength(0)
  })

  it('drops messages of a forgotten person that are past ingest, and writes no state', async () => {
    const { messageAt, run, keyring, suppressions } = await world()
    const mark = { source: 'whatsapp', connectionId: 'acme-wa', suppressedAt: noon, actor: 'ada' }
    suppressions.apply(markOf(messageAt(0).conversation, keyring), mark)
    expect(await run(messageAt(0))).toEqual([{ kind: 'dropped', reason: 'suppressed' }])
  })

  it('drops messages of a disconnected connection', async () => {
    const { messageAt, run, directory } = await world()
    directory.apply('acme-wa', connectionRecord({ status: 'disconnected' }))
    expect(await run(messageAt(0))).toEqual([{ kind: 'dropped', reason: 'disconnected' }])
  })

  it('starts anew under another consent: neither touches nor starts of the earlier one count, erased or not', async () => {
    const { messageAt, run, directory } = await world()
    const connection = directory.byId('acme-wa') as ConnectionRecord
    const starts = (outcomes: Outcome[]) =>
      attributed(outcomes).map(({ trackingId, startsConversation }) => [trackingId, startsConversation])
    const reached = await run(messageAt(0, { referral: { source: 'tiktok_ad', ref: 'E.C.P.earlier' } }))
    expect(starts(reached)).toEqual([['E.C.P.earlier', true]])
    directory.apply('acme-wa', { ...connection, status: 'disconnected', disconnectedAt: noon + 10 })
    await run(messageAt(15))
    const earlierConsents = [{ source: 'whatsapp', accountId: '1', from: noon, to: noon + 10 }]
    directory.apply('acme-wa', { ...connection, connectedAt: noon + 20, earlierConsents })
    const again = await run(messageAt(30), messageAt(40))
    expect(starts(again)).toEqual([
      [null, true],
      [null, false],
    ])
    // Records tell which connection and consent they are of: the erasure finds those of the earlier one.
    expect([reached, again].map(touched)).toMatchObject([
      [{ value: { connectionId: 'acme-wa', consent: null } }],
      [{ value: { connectionId: 'acme-wa', consent: noon + 20 } }],
    ])
  })

  it('drops what came before the current consent, with or without content', async () => {
    const { messageAt, run, directory } = await world()
    const { dataKey } = directory.byId('acme-wa') as ConnectionRecord
    directory.apply('acme-wa', connectionRecord({ dataKey, connectedAt: noon + 86_400_000 }))
    const ended = { kind: 'dropped', reason: 'consent_ended' }
    expect(await run(messageAt(0, { text: 'x', content: Buffer.alloc(60) }))).toEqual([ended])
    expect(await run(messageAt(0))).toEqual([ended])
  })

  it('makes content that does not open a dead letter, and continues', async () => {
    const { messageAt, run } = await world()
    const outcomes = await run(messageAt(0, { text: 'x', content: Buffer.alloc(60) }), messageAt(1))
    expect(outcomes[0]).toMatchObject({ kind: 'deadLettered', failure: { code: 'seal_broken' } })
    expect(attributed(outcomes)).toHaveLength(1)
  })
})
