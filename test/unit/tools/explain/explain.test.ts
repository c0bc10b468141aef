import { parkedTopic } from '../../../../services/derived-topics.ts'
import { headerNames } from '../../../../services/runtime/batch/record-headers.ts'
import { sealContent, sealOutcome } from '../../../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import type { AttributedMessage, Delivery, Message } from '../../../../services/shared/model/topic-values.ts'
import { markOf, Suppressions } from '../../../../services/shared/persons/suppressions.ts'
import { explainConversation } from '../../../../services/tools/explain/explain.ts'
import type { ExplainedMessage } from '../../../../services/tools/explain/explanation.ts'
import { explanationText } from '../../../../services/tools/explain/explanation-text.ts'
import { topics } from '../../../../services/topology.ts'
import {
  attributedMessage,
  connectionRecord,
  keywordEntry,
  keywordList,
  message,
  noon,
  signal,
  testEnvelopes,
  testKeyring,
} from '../../../support/builders.ts'
import { sources } from '../../../support/deliveries.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryConversationStore } from '../../../support/memory-conversation-store.ts'
import { MemoryHourBuckets } from '../../../support/memory-hour-buckets.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'
import { condition, rule, ruleSet } from '../../../support/rules.ts'

interface Step {
  readonly fields?: Partial<Message>
  readonly text?: string
  readonly label?: string
  /** Default: attribution passed it on. */
  readonly isAttributed?: boolean
  readonly attributed?: Omit<Partial<AttributedMessage>, 'message'>
}

const rules = [
  rule({ event: 'Lead', when: condition({ outcome: ['qualified'] }), count: 'once_per_conversation' }),
  rule({ event: 'Paid', unless: condition({ outcome: ['refund'] }), when: condition({ flags: ['payment'] }) }),
]

/** @param deliveries what dispatch made of each signal; null: parked; unset: nothing yet */
const explained = async (
  steps: readonly Step[],
  {
    connection = {},
    results = [],
    forget = false,
  }: {
    connection?: Partial<ConnectionRecord>
    results?: readonly (Partial<Delivery> | 'parked' | null)[]
    forget?: boolean
  } = {},
) => {
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry())
  const broker = new MemoryCluster().open()
  await broker.createTopics(
    [topics.messages, topics.attributedMessages, topics.signals, topics.deliveries, { name: parkedTopic }].map(
      ({ name }) => ({ name, partitions: 1, config: {} }),
    ),
  )
  const dataKey = keyring.newDataKey('acme-wa')
  const record = connectionRecord({ dataKey, connectedAt: 1, ...connection })
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', record)
  const conversation = keyring.pseudonym('conversation', record.source, record.accountId, 'chat')
  const suppressions = new Suppressions(keyring)
  if (forget)
    suppressions.apply(markOf(conversation, keyring), {
      ...{ source: record.source, connectionId: null, suppressedAt: noon, actor: 'ana' },
    })
  const key = keyring.connectionKey('acme-wa', dataKey)
  const producer = await broker.producer()
  for (const [at, { fields, text, label, isAttributed = true, attributed }] of steps.entries()) {
    const id = keyring.pseudonym('message', record.source, record.accountId, `m${at}`)
    const outcomeFields = { kind: 'outcome', direction: 'outbound', sender: 'agent' } as const
    const value = message({
      ...{ conversation, message: id, receivedAt: noon + at, occurredAt: noon + at },
      ...(text !== undefined && {
        content: sealContent({ text, links: [], referral: null }, key, id),
        ...{ hasText: true, textOrigin: 'typed' as const },
      }),
      ...(label !== undefined && {
        ...outcomeFields,
        outcome: sealOutcome({ name: label, value: null, currency: null, reference: null }, key, id),
      }),
      ...fields,
    })
    await producer.send([{ topic: topics.messages.name, key: conversation, value: codec.encode('messages', value) }])
    if (!isAttributed) continue
    const passedOn = attributedMessage({ message: value, startedBy: 'm0', ...attributed })
    await producer.send([
      { topic: topics.attributedMessages.name, key: conversation, value: codec.encode('attributedMessages', passedOn) },
    ])
  }
  const lists = [
    keywordList({ version: 1, createdAt: 1, entries: [keywordEntry('pago', { flag: 'payment' })] }),
    {
      ...keywordList({ version: 2, createdAt: 2, entries: [keywordEntry('hola', { flag: 'greeting' })] }),
      shadow: true,
    },
  ]
  const tools = {
    ...{ broker, codec, keyring, directory, suppressions, lists, ruleSets: [ruleSet({ createdAt: 1, rules })] },
    ...{
      sources,
      envelopes: testEnvelopes(keyring),
      contacts: { find: async () => [] },
      quarantined: async () => [],
      ways: async () => null,
    },
    buckets: { event: new MemoryHourBuckets(), crossSource: new MemoryHourBuckets() },
    ...{
      store: new MemoryConversationStore(),
      settings: { waitMs: 30_000, textWindowMs: 600_000, expireMs: 28 * 86_400_000 },
    },
  }
  const ids = { connectionId: 'acme-wa', conversationId: 'chat', messageId: null }
  const explain = async () => (await explainConversation(ids, { since: 0, now: noon }, tools)) ?? fail()
  const made = (await explain()).messages.flatMap(({ signals }) => signals)
  for (const [at, { signalId, kind }] of made.entries()) {
    const result = results[at]
    const value = codec.encode('signals', signal({ signalId, connectionId: 'acme-wa', kind }))
    const headers = { [headerNames.suppressionMark]: markOf(conversation, keyring) }
    await producer.send([{ topic: topics.signals.name, key: 'acme-wa', value, headers }])
    if (result === 'parked')
      await producer.send([
        { topic: parkedTopic, key: 'acme-wa', value, headers: { ...headers, reason: record.status } },
      ])
    else if (result)
      await producer.send([
        {
          topic: topics.deliveries.name,
          key: 'acme-wa',
          value: codec.encode('deliveries', deliveryOf(signalId, result)),
        },
      ])
  }
  return { found: await explain(), tools }
}

const fail = (): never => {
  throw new Error('nothing was found')
}

const deliveryOf = (signalId: string, fields: Partial<Delivery>): Delivery => ({
  ...{ signalId, connectionId: 'acme-wa', kind: 'conversation', outcome: 'accepted', code: 0, requestId: 'r' },
  ...{ attempt: 1, occurredAt: noon, sentAt: noon, settledAt: noon + 9, flags: [], event: null, value: null },
  ...{ currency: null, origin: 'other', hasTrackingId: false, test: false, ...fields },
})

const first = { startsConversation: true } as const
const summary = ({ reason, keywords, rules: judged, signals }: ExplainedMessage) => ({
  reason,
  keywords: keywords.map(({ flag, mode }) => `${flag} ${mode}`),
  rules: judged.map(({ event, result }) => `${event} ${result}`),
  signals: signals.map(({ kind, event, result, code }) => `${event ?? kind} ${result} ${code}`),
})

describe('an explanation', () => {
  it.each<[string, Parameters<typeof explained>, Partial<ReturnType<typeof summary>>, RegExp]>([
    [
      'accepted',
      [[{ text: 'x', attributed: first }], { results: [{}] }],
      { signals: ['conversation accepted 0'] },
      /signal conversation: accepted/,
    ],
    [
      'sent as a test',
      [[{ text: 'x', attributed: first }], { results: [{ test: true }] }],
      { signals: ['conversation accepted 0'] },
      /signal conversation: accepted \(0, as a test, which is not counted\)/,
    ],
    [
      'rejected',
      [[{ text: 'x', attributed: first }], { results: [{ outcome: 'rejected', code: 40_002 }] }],
      { signals: ['conversation rejected 40002'] },
      /rejected \(40002, bad_event: parameter error\)/,
    ],
    [
      'too old',
      [[{ text: 'x', attributed: first }], { results: [{ outcome: 'expired', code: null }] }],
      { signals: ['conversation expired null'] },
      /expired \(older than 28 days, DISPATCH_EXPIRE_DAYS\)/,
    ],
    [
      'withheld',
      [[{ text: 'x', attributed: first }], { results: [{ outcome: 'withheld', code: null }] }],
      { signals: ['conversation withheld null'] },
      /withheld/,
    ],
    [
      'waiting',
      [[{ text: 'x', attributed: first }]],
      { signals: ['conversation waiting null'] },
      /signal conversation: waiting/,
    ],
    [
      'paused',
      [[{ text: 'x', attributed: first }], { connection: { status: 'paused' }, results: ['parked'] }],
      { signals: ['conversation parked paused'] },
      /^connection acme-wa is paused/,
    ],
    [
      'an expired token',
      [[{ text: 'x', attributed: first }], { connection: { status: 'reconnect' }, results: ['parked'] }],
      { signals: ['conversation parked reconnect'] },
      /is reconnect/,
    ],
    [
      'disconnected',
      [[{ text: 'x', attributed: first }], { connection: { status: 'disconnected', dataKey: null } }],
      { reason: 'disconnected' },
      /its connection is disconnected/,
    ],
    [
      'a consent that began later',
      [[{ text: 'x', attributed: first }], { connection: { connectedAt: noon + 5 } }],
      { reason: 'consent_ended' },
      /consent/,
    ],
    [
      'forgotten',
      [[{ text: 'x', attributed: first }], { forget: true }],
      { reason: 'suppressed' },
      /forgotten on request/,
    ],
    ['history', [[{ text: 'pago', fields: { backfill: true } }]], { reason: 'backfill' }, /it is history/],
    [
      'an agent',
      [[{ text: 'pago', fields: { direction: 'outbound', sender: 'agent' } }]],
      { reason: 'outbound' },
      /the business wrote it/,
    ],
    [
      'forwarded words',
      [[{ text: 'pago', fields: { textOrigin: 'forwarded' } }]],
      { reason: 'not_own_words', keywords: [] },
      /keywords do not count in words of this origin/,
    ],
    [
      'a shadow list',
      [[{ text: 'hola' }]],
      { reason: 'no_signal', keywords: ['greeting shadow'] },
      /greeting by default version 2, counted only/,
    ],
    [
      'an edit',
      [[{ text: 'pago', fields: { kind: 'edit' }, isAttributed: false }]],
      { reason: 'state_only' },
      /raises no signal/,
    ],
    [
      'a start that waits',
      [[{ text: 'pago', isAttributed: false }]],
      { reason: 'not_attributed' },
      /attribution has not passed it on yet/,
    ],
    ['orders that are off', [[{ fields: { kind: 'order' } }]], { reason: 'no_signal' }, /no rule fires/],
    [
      'content of another key',
      [[{ fields: { content: Buffer.from('x'.repeat(60)), hasText: true, textOrigin: 'typed' } }]],
      { reason: 'seal_broken' },
      /does not open/,
    ],
  ])('names the true reason: %s', async (_name, [steps, options], expected, text) => {
    const { found } = await explained(steps, options)
    expect(summary(found.messages[0] as ExplainedMessage)).toMatchObject(expected)
    expect(explanationText(found)).toMatch(text)
  })

  it('names what count and unless keep back, in the order in which it came', async () => {
    const { found } = await explained([
      { label: 'Qualified' },
      { label: ' QUALIFIED ' },
      { text: 'pago' },
      { label: 'refund' },
      { text: 'pago' },
    ])
    expect(found.messages.map((one) => summary(one).rules)).toEqual([
      ['Lead send'],
      ['Lead count'],
      ['Paid send'],
      [],
      ['Paid unless'],
    ])
    expect(explanationText(found)).toMatch(/rule Lead has counted already[\s\S]*rule Paid is kept back by unless/)
  })

  it('finds a conversation by one of its messages, and prints no word and no id of the source', async () => {
    const { found, tools } = await explained([{ text: 'zanahoria pago' }, { label: 'zanahoria' }])
    const ids = { connectionId: 'acme-wa', conversationId: null, messageId: 'm1' }
    expect(await explainConversation(ids, { since: 0, now: noon }, tools)).toEqual(found)
    const other = { ...ids, messageId: 'm7' }
    expect(await explainConversation(other, { since: 0, now: noon }, tools)).toBeNull()
    expect(JSON.stringify(found) + explanationText(found)).not.toMatch(/zanahoria|"chat"|"m1"/)
  })

  it('says what an empty answer may mean', async () => {
    const { found } = await explained([])
    expect(explanationText(found)).toMatch(
      /^nothing of it came in the times that were read: no delivery of this account names it/,
    )
  })
})
