/** Ingest, attribution and keywords behind one another, on topics and stores in memory: what they decide, a command may read. */
import { attribution } from '../../services/attribution/stage.ts'
import { deadLetterTopic, laterTopic, parkedTopic, quarantineTopic } from '../../services/derived-topics.ts'
import { BadRecord } from '../../services/failures.ts'
import { claimsIn } from '../../services/ingest/claims/claims.ts'
import { contactOverlay } from '../../services/ingest/contacts/contact-threads.ts'
import { crossSourceSpanHours } from '../../services/ingest/copies/cross-source-dedup.ts'
import type { WayIn } from '../../services/ingest/order/ways.ts'
import type { QuarantinedAccount } from '../../services/ingest/quarantine/quarantined-accounts.ts'
import { ingest } from '../../services/ingest/stage.ts'
import { KeywordLists } from '../../services/keywords/lists/active-lists.ts'
import type { RuleState } from '../../services/keywords/rule-state/state.ts'
import { RuleSets } from '../../services/keywords/rules/active-rule-sets.ts'
import { keywords } from '../../services/keywords/stage.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Input, Stage } from '../../services/runtime/batch/stage.ts'
import type { ConsumedRecord } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { envelopePairOf } from '../../services/shared/connections/connection.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import { encodeChannelEvent, messageEventSource } from '../../services/shared/model/channel-event.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { KeywordListRecord } from '../../services/shared/model/keyword-list.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import type { RuleSetRecord } from '../../services/shared/model/rules/rule-set.ts'
import { Suppressions } from '../../services/shared/persons/suppressions.ts'
import { StateOverlay } from '../../services/tools/replay/plan/overlay.ts'
import { replayTopic, stages, topics } from '../../services/topology.ts'
import { connectionRecord, messageEvent, noon, testEnvelopes, testKeyring } from './builders.ts'
import { sources } from './deliveries.ts'
import { MemoryCluster } from './memory-broker.ts'
import { MemoryConversationStore } from './memory-conversation-store.ts'
import { MemoryHourBuckets } from './memory-hour-buckets.ts'
import { MemoryRegistry } from './memory-registry.ts'

const settings = { waitMs: 30_000, textWindowMs: 600_000, expireMs: 28 * 86_400_000 }
const partitions = 6

interface Lists {
  readonly lists?: readonly KeywordListRecord[]
  readonly ruleSets?: readonly RuleSetRecord[]
}

export const openMemoryPipeline = async ({ lists = [], ruleSets = [] }: Lists = {}) => {
  const cluster = new MemoryCluster()
  let now = noon
  cluster.now = () => now
  const broker = cluster.open()
  const names = [
    ...Object.values(topics).map(({ name }) => name),
    ...stages.dispatch.delays.map((delay) => laterTopic('dispatch', delay)),
    ...[
      parkedTopic,
      replayTopic,
      deadLetterTopic('ingest'),
      deadLetterTopic('attribution'),
      deadLetterTopic('dispatch'),
      quarantineTopic,
    ],
  ]
  await broker.createTopics(names.map((name) => ({ name, partitions, config: {} })))
  const producer = await broker.producer()
  const keyring = await testKeyring()
  const registry = new MemoryRegistry()
  const codec = await Codec.open(registry)
  const directory = new ConnectionDirectory()
  const connect = (fields: Partial<ConnectionRecord> = {}): ConnectionRecord => {
    const { connectionId = 'acme-wa' } = fields
    const before = directory.byId(connectionId)
    const keys = { dataKey: keyring.newDataKey(connectionId), ...envelopePairOf({ connectionId }, keyring) }
    const record = { ...(before ?? connectionRecord({ connectedAt: 1, ...keys })), ...fields, connectionId }
    directory.apply(connectionId, { ...record, revision: (before?.revision ?? 0) + 1 })
    return record
  }
  connect()
  const envelopes = testEnvelopes(keyring, (id) => directory.byId(id))
  const suppressions = new Suppressions(keyring)
  const buckets = {
    event: new MemoryHourBuckets(),
    crossSource: new MemoryHourBuckets({ hours: crossSourceSpanHours }),
  }
  const contacts = contactOverlay({ find: async (all) => all.map(() => null) })
  const store = new MemoryConversationStore()
  const shared = { codec, keyring, directory, suppressions }
  const ingesting = ingest({ ...shared, sources, envelopes, contacts, claims: claimsIn(buckets) })
  const attributing = attribution({ ...shared, ...settings, store, countUpTo: () => 5 })
  const active = new KeywordLists()
  for (const list of lists) active.stage(list)
  await active.compilePending()
  const sets = new RuleSets(ruleSets)
  const states = new StateOverlay<RuleState>({ read: async (ids) => ids.map(() => null) })
  const matching = keywords({ ...shared, lists: active, rules: { of: (one) => sets.of(one), states }, count: () => {} })

  const quarantined: QuarantinedAccount[] = []
  const positions = new Map<string, number>()
  /** Held for a referral; each has waited once. */
  let deferred: Input<unknown>[] = []

  const publish = async (outcomes: readonly Outcome[], record: ConsumedRecord) => {
    for (const one of outcomes) {
      if (one.kind === 'deferred') deferred.push({ value: null, record, attempt: 1 })
      if (one.kind !== 'forwarded') continue
      for (const { topic, key, value, headers } of one.records)
        await producer.send([
          { topic: topics[topic].name, key, value: codec.encode(topic, value as never), ...(headers && { headers }) },
        ])
    }
  }
  const process = async <In, State, Change>(stage: Stage<In, State, Change>, record: ConsumedRecord) => {
    await codec.prepare([record])
    try {
      const batch = [{ value: stage.decode(record), record, attempt: 1 }]
      const { outcomes, changes } = stage.decide(batch, { state: await stage.load(batch, now), now })
      await publish([outcomes[0] ?? []].flat() as Outcome[], record)
      await stage.save(changes)
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error
    }
  }
  const drain = async <In, State, Change>(topic: string, stage: Stage<In, State, Change>) => {
    const from = positions.get(topic) ?? 0
    // By time, as live stages see what comes slowly.
    const records = cluster.records(topic).sort((a, b) => a.timestamp - b.timestamp)
    positions.set(topic, records.length)
    for (const record of records.slice(from)) await process(stage, record)
  }
  /** All stages, once. What attribution holds for a referral stays held. */
  const run = async () => {
    await drain(topics.channelEvents.name, ingesting)
    await drain(topics.messages.name, attributing)
    await drain(topics.attributedMessages.name, matching)
  }
  /** Lets time pass, after which nothing is held any more. */
  const advance = async (ms: number) => {
    now += ms
    const held = deferred
    deferred = []
    for (const { record } of held)
      await process(attributing, { ...record, topic: laterTopic('attribution', '1s'), timestamp: now - 1_000 })
    await run()
  }

  /** As a connector writes it by Kafka. */
  const event = async (fields: Partial<MessageEvent> = {}, headers: Record<string, string> = {}) => {
    now++
    const value = Buffer.from(JSON.stringify(messageEvent({ occurredAt: now, ...fields })))
    await producer.send([{ topic: topics.channelEvents.name, key: fields.conversationId ?? 'k', value, headers }])
    await run()
  }
  /** As the gateway stores it. */
  const delivery = async (
    source: string,
    body: object | string,
    { connectionId = 'acme-wa', account = null }: { connectionId?: string | null; account?: string | null } = {},
  ) => {
    now++
    const facts = { source, account, contentType: 'application/json', receivedAt: now, traceparent: undefined }
    const bytes = typeof body === 'string' ? body : JSON.stringify(body)
    const of = connectionId === null ? undefined : directory.byId(connectionId)
    const key = of ? keyring.recordKey('account', source, of.accountId) : null
    await producer.send([encodeChannelEvent({ ...facts, verifiedBy: 'source' }, key, bytes, connectionId, envelopes)])
    await run()
  }
  return {
    ...{
      cluster,
      broker,
      producer,
      keyring,
      registry,
      codec,
      directory,
      envelopes,
      suppressions,
      buckets,
      contacts,
      store,
    },
    ...{ settings, sources, lists, ruleSets, connect, event, delivery, run, advance, messageEventSource },
    now: () => now,
    quarantined: async () => quarantined,
    /** By which ways in: those of connectors and of the gateway. */
    ways: async (): Promise<readonly WayIn[] | null> => ['gateway', 'conversation'],
    quarantine: (account: string) => {
      quarantined.push({ account, since: now, why: '1000 failures in a row' })
    },
  }
}
export type MemoryPipeline = Awaited<ReturnType<typeof openMemoryPipeline>>
