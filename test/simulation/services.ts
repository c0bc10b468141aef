/** The stages of the simulated processes: the real ones, wired as in their main.ts. Keywords emits a signal for each start. */
import { ingestPosition } from '../../services/attribution/ingest-position.ts'
import { attribution } from '../../services/attribution/stage.ts'
import { consumerGroup, laterGroup } from '../../services/consumer-groups.ts'
import { laterTopic } from '../../services/derived-topics.ts'
import type { PendingEvent } from '../../services/dispatch/delivery/batches.ts'
import { openSentLog } from '../../services/dispatch/sent-log/open.ts'
import type { SendResult } from '../../services/dispatch/signal/send-result.ts'
import { dispatch } from '../../services/dispatch/stage.ts'
import { openClaims } from '../../services/ingest/claims/claims.ts'
import { rebuildClaims } from '../../services/ingest/claims/rebuild-claims.ts'
import { markingUnordered } from '../../services/ingest/order/marking.ts'
import { ConnectionWays } from '../../services/ingest/order/ways.ts'
import { ingest } from '../../services/ingest/stage.ts'
import { checkpointed } from '../../services/runtime/batch/checkpoints/checkpointed-stage.ts'
import type { PartitionCheckpoints } from '../../services/runtime/batch/checkpoints/checkpoints.ts'
import { openCheckpoints } from '../../services/runtime/batch/checkpoints/open.ts'
import { sharedRebuild } from '../../services/runtime/batch/checkpoints/shared-rebuild.ts'
import { createLoop } from '../../services/runtime/batch/loop.ts'
import { drop, forward } from '../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../services/runtime/batch/stage.ts'
import { Health } from '../../services/runtime/health/health.ts'
import type { Envelopes } from '../../services/runtime/keys/envelopes.ts'
import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import { createLog } from '../../services/runtime/log.ts'
import type { Metrics } from '../../services/runtime/metrics/metrics.ts'
import type { Broker } from '../../services/runtime/ports.ts'
import { hashTags } from '../../services/runtime/time-buckets/bucket-calls.ts'
import type { Codec } from '../../services/runtime/topics/codec.ts'
import { readStates } from '../../services/runtime/versioned-state/read-states.ts'
import { RebuildingStore } from '../../services/runtime/versioned-state/rebuilding-store.ts'
import { parts } from '../../services/runtime/versioned-state/store.ts'
import type { Connection, ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import { touchesTopic } from '../../services/shared/conversations/record.ts'
import { RedisConversationStore } from '../../services/shared/conversations/store.ts'
import type { AttributedMessage } from '../../services/shared/model/topic-values.ts'
import type { Source } from '../../services/shared/sources/source.ts'
import { delays, stages, topics } from '../../services/topology.ts'
import type { Host } from './host.ts'

export const stageNames = ['ingest', 'attribution', 'keywords', 'dispatch'] as const
export type SimulatedStage = (typeof stageNames)[number]

export interface Shared {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly envelopes: Envelopes
  readonly directory: ConnectionDirectory
  readonly waitMs: number
  readonly hasCheckpoints: boolean
  /** false: a held message whose record is gone holds back others for ever. */
  readonly givesUpLost: boolean
  /** false: a start does not wait for ingest. */
  readonly waitsForIngest: boolean
  /** Referrals come in another partition than their messages, and in time. */
  readonly hasTwoWays: boolean
  /** TikTok counts an event. @returns whether it knew the event already */
  tiktok(eventId: string, trackingId: string | null): boolean
  /** Whether a call's answer is lost. */
  isAnswerLost(): boolean
  /** Time until which a person has had dispatch's deferred records tried again, ms. */
  retriedUntil(): number
}

/** @param separateReferrals whether referrals come as events of their own, before or after the message */
const sourcesOf = (separateReferrals: boolean) => {
  const source = { name: 'whatsapp', separateReferrals, messageIdIsChannels: false } as unknown as Source
  return { get: () => source, names: () => ['whatsapp'] }
}
const log = createLog('simulation', 'silent')
/** Nothing reads them, and those of prom-client would cost half of the time. */
const metrics = { count: () => {}, set: () => {}, observe: () => {} } as unknown as Metrics
const signal = new AbortController().signal

type AnyStage = Stage<unknown, unknown, unknown>

interface Built {
  readonly stage: AnyStage
  readonly groups: readonly { readonly group: string; readonly topics: ReadonlyMap<string, number> }[]
  readonly checkpoints: readonly PartitionCheckpoints[]
}

const mainOnly = (stage: 'ingest' | 'keywords') => [
  { group: consumerGroup(stage), topics: new Map([[topics[stages[stage].reads].name, 0]]) },
]

const ingestOn = (host: Host, shared: Shared): Built => {
  const { redis, clock } = host
  const broker = host.broker as Broker
  const tools = { ...shared, sources: sourcesOf(!shared.hasTwoWays), claims: openClaims(redis) }
  const groups = mainOnly('ingest')
  const checkpoints = openCheckpoints(
    { redis, broker, name: 'ingest', tags: hashTags },
    { group: consumerGroup('ingest'), topics: [topics.channelEvents.name] },
  )
  const rebuild = rebuildClaims({ ...tools, broker, clock, onRebuild: () => {} })
  const plain = shared.hasTwoWays
    ? markingUnordered(ingest(tools), new ConnectionWays(redis, clock), shared.directory)
    : ingest(tools)
  const stage = shared.hasCheckpoints
    ? checkpointed(plain, { redis, checkpointsOf: () => checkpoints, writes: 'load', rebuild })
    : plain
  return { stage: stage as AnyStage, groups, checkpoints: [checkpoints] }
}

const attributionOn = (host: Host, shared: Shared): Built => {
  const { codec, keyring, directory, waitMs, hasCheckpoints, givesUpLost, waitsForIngest } = shared
  const { redis, clock } = host
  const broker = host.broker as Broker
  const store = new RebuildingStore({
    store: new RedisConversationStore(redis, 35 * 86_400),
    readTopic: (onBatch, since) =>
      readStates(touchesTopic, { broker, codec, log, onProgress: () => {}, signal }, onBatch, since),
    disconnects: () => redis.disconnects,
    now: clock.now,
  })
  const waiting = stages.attribution.delays.map((delay) => [laterTopic('attribution', delay), delays[delay]] as const)
  const group = consumerGroup('attribution')
  const ofState = [topics.messages.name, ...waiting.map(([topic]) => topic)]
  const checkpoints = openCheckpoints(
    { redis, broker, name: 'attribution', tags: parts, publishesFirst: true },
    { group, topics: ofState },
  )
  const rebuild = sharedRebuild(redis, (since) => store.restoreSince(since))
  const position = waitsForIngest ? { ingestPosition: ingestPosition(broker) } : {}
  const tools = { directory, store, codec, keyring, waitMs, textWindowMs: 600_000, ...position }
  const plain = attribution(givesUpLost ? tools : { ...tools, giveUpLost: (state) => state })
  const stage = hasCheckpoints
    ? checkpointed(plain, { redis, checkpointsOf: () => checkpoints, writes: 'save', rebuild })
    : plain
  return {
    stage: stage as AnyStage,
    groups: [{ group, topics: new Map([[topics.messages.name, 0], ...waiting]) }],
    checkpoints: [checkpoints],
  }
}

const keywordsOn = ({ codec, keyring }: Shared): Built => {
  const stage: Stage<AttributedMessage> = {
    name: 'keywords',
    decode: (record) => codec.decode('attributedMessages', record),
    load: async () => undefined,
    decide: (batch) => ({
      changes: [],
      outcomes: batch.map(({ value: { message, trackingId, startsConversation } }) => {
        if (!startsConversation) return drop('no_signal')
        const { connectionId, conversation, occurredAt, channel } = message
        const signalId = keyring.pseudonym('signal', connectionId, conversation, message.message, 'conversation')
        const noOutcome = { event: null, value: null, currency: null, origin: null, countOnly: false }
        const common = { flags: [], keywordListVersion: null, trackingId, occurredAt, channel, ...noOutcome }
        const value = { signalId, connectionId, kind: 'conversation' as const, ...common }
        return forward({ topic: 'signals', key: connectionId, value })
      }),
    }),
    save: async () => {},
  }
  return { stage: stage as unknown as AnyStage, groups: mainOnly('keywords'), checkpoints: [] }
}

const dispatchOn = (host: Host, shared: Shared): Built => {
  const { redis, clock } = host
  const broker = host.broker as Broker
  const { codec } = shared
  const sentLog = openSentLog({
    ...{ redis, broker, codec, clock, metrics, log, signal },
    health: new Health(clock),
    keepMs: 8 * 86_400_000,
    keyPrefix: '',
  })
  /** One call for each event. An answer that is lost counts as an attempt, as a time-out does. */
  const send = async (
    _connectionId: string,
    events: readonly PendingEvent[],
    _class: unknown,
    report: (event: PendingEvent, result: SendResult) => void,
  ) => {
    for (const event of events) {
      const sentAt = clock.now()
      const isKnown = await host.call(() => shared.tiktok(event.signal.signalId, event.signal.trackingId))
      if (shared.isAnswerLost()) {
        report(event, { kind: 'refused', unknownCode: false, reason: 'timeout' })
        continue
      }
      const outcome = isKnown ? ('duplicate' as const) : ('accepted' as const)
      const final = { outcome, code: 0, requestId: null, attempt: event.attempt, sentAt, at: clock.now() }
      await sentLog.write([{ signal: event.signal, final, recorded: false }])
      report(event, { kind: 'final', ...final })
    }
  }
  const plain = dispatch({
    codec,
    sentLog,
    breakers: { refresh: async () => {} },
    scheduler: { send: send as never },
    eligibilityOf: (id) => ({ eligible: true, connection: shared.directory.byId(id) as Connection, token: 'token' }),
    parts: undefined,
    expireMs: 8 * 86_400_000,
    warnMs: 8 * 86_400_000,
  })
  const main = { group: consumerGroup('dispatch'), topics: new Map([[topics.signals.name, 0]]) }
  const groups = [
    main,
    ...stages.dispatch.delays.map((delay) => ({
      group: laterGroup('dispatch', delay),
      topics: new Map([[laterTopic('dispatch', delay), delays[delay]]]),
    })),
  ]
  const byTopic = new Map(
    groups.map(({ group, topics: [[topic] = ['']] }) => {
      const tools = { redis, broker, name: topic, tags: hashTags }
      return [topic, openCheckpoints(tools, { group, topics: [topic] })]
    }),
  )
  const rebuild = sharedRebuild(redis, (since) => sentLog.restoreSince(since))
  const stage = shared.hasCheckpoints
    ? checkpointed(plain, { redis, checkpointsOf: (topic) => byTopic.get(topic) ?? null, writes: 'save', rebuild })
    : plain
  return { stage: stage as AnyStage, groups, checkpoints: [...byTopic.values()] }
}

/** Starts a stage in a process. @param onBug what ends the process, beside a dependency */
export const startStage = (name: SimulatedStage, host: Host, shared: Shared, onBug: (error: unknown) => void): void => {
  const build = { ingest: ingestOn, attribution: attributionOn, dispatch: dispatchOn }
  const { stage, groups, checkpoints } = name === 'keywords' ? keywordsOn(shared) : build[name](host, shared)
  const { clock, producer } = host
  const { codec, keyring, envelopes } = shared
  const sharesSlices = name !== 'dispatch'
  const tools = { producer, codec, keyring, envelopes, clock, metrics, log, health: new Health(clock), sharesSlices }
  const onBatch = createLoop(stage, { ...tools, limits: { run: 1_000, ratio: 1, window: 10_000 } })
  for (const { group, topics: read } of groups) {
    const onAssigned = () => {
      for (const one of checkpoints) one.assigned()
    }
    const releasedUntil = (topic: string) =>
      name === 'dispatch' && (read.get(topic) ?? 0) > delays['10s'] ? shared.retriedUntil() : Number.NEGATIVE_INFINITY
    host.consume({ group, topics: read, onBatch, onAssigned, releasedUntil }).catch(onBug)
  }
}
