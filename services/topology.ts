/**
 * The pipeline on one page: its main topics, and which stage reads and writes them.
 * Derived topics (dead letters, delays): derived-topics.ts. Consumer groups: consumer-groups.ts.
 */
import type { TopicSpec } from './topic-spec.ts'

const hours = (n: number) => n * 3_600_000
const days = (n: number) => n * 86_400_000
const mebibytes = (n: number) => n * 1_048_576

/** Partition counts bound how many instances of a stage can share the work. Every process reads a table as a whole. */
export const flowPartitions = 6
const tablePartitions = 1

/** A dead letter and the record of its redrive expire together, so no dead letter is redriven twice by mistake. */
const deadLetterRetentionMs = days(28)

/** Retention of the topics that follow from the stages (derived-topics.ts), ms. */
export const derivedRetentionMs = {
  deadLetters: deadLetterRetentionMs,
  delayed: days(7),
  parked: days(28),
  replayedSignals: days(7),
} as const

const flow = { partitions: flowPartitions, retentionMs: days(7), cleanup: 'delete' } as const
/** Longer than Redis keeps a conversation (ATTRIBUTION_STATE_DAYS, bounded by this): Redis can be rebuilt from it. */
const states = { partitions: flowPartitions, retentionMs: days(40), cleanup: 'compact,delete' } as const
const table = { partitions: tablePartitions, retentionMs: -1, cleanup: 'compact' } as const
const journal = { partitions: tablePartitions, retentionMs: days(1_096), cleanup: 'delete' } as const

const main = {
  channelEvents: {
    name: 'channel-events.v1',
    key: 'account',
    ...flow,
    retentionMs: hours(72),
    schema: 'message-event',
    maxMessageBytes: mebibytes(8),
    holds: 'raw deliveries and message events, as connectors produce them; how far back a replay reaches',
  },
  messages: {
    name: 'messages.v1',
    key: 'conversation',
    ...flow,
    schema: 'message',
    holds: 'validated, authorised, deduplicated message events; ids pseudonymised, content sealed',
  },
  attributedMessages: {
    name: 'attributed-messages.v1',
    key: 'conversation',
    ...flow,
    schema: 'attributed-message',
    holds: 'the same with the tracking ID resolved',
  },
  signals: {
    name: 'signals.v1',
    key: 'connection',
    ...flow,
    schema: 'signal',
    holds: 'conversation and keyword signals; no text of a message',
  },
  deliveries: {
    name: 'deliveries.v1',
    key: 'connection',
    ...flow,
    retentionMs: days(30),
    schema: 'delivery',
    holds: 'one outcome per signal',
  },
  connections: {
    name: 'connections.v1',
    key: 'connection',
    ...table,
    schema: 'connection',
    holdsSecrets: true,
    holds: 'which account reports to which advertiser and event set, with consent; secrets sealed',
  },
  connectionHistory: {
    name: 'connection-history.v1',
    key: 'connection',
    ...journal,
    schema: 'connection-change',
    holds: 'who connected, paused, reconnected, disconnected, and when; appended to, never compacted',
  },
  connectionRequests: {
    name: 'connection-requests.v1',
    key: 'connection',
    ...journal,
    retentionMs: days(7),
    schema: 'connection-request',
    holds: 'changes of connections that ingest and dispatch ask for, and control makes; signed',
  },
  tokens: {
    name: 'tokens.v1',
    key: 'token',
    ...table,
    schema: 'token',
    holds: 'what the bearer of a token may do, and for whom; hashes, no token',
  },
  dataSecrets: {
    name: 'data-secrets.v1',
    key: 'secret',
    ...table,
    schema: 'data-secret',
    holdsSecrets: true,
    holds: 'the secret that ids derive from and the key pairs of the pipeline, sealed under the active master key',
  },
  keywordLists: {
    name: 'keyword-lists.v1',
    key: 'list',
    ...table,
    schema: 'keyword-list',
    maxMessageBytes: mebibytes(8),
    holds: 'versioned keyword lists',
  },
  ruleSets: {
    name: 'rule-sets.v1',
    key: 'rule-set',
    ...table,
    schema: 'rule-set',
    maxMessageBytes: mebibytes(8),
    holds: 'versioned rule sets, with the names of outcomes that the advertiser chose',
  },
  touches: {
    name: 'touches.v1',
    key: 'conversation',
    ...states,
    schema: 'touches',
    holds: 'attribution state of each conversation; Redis can be rebuilt from it',
  },
  ruleState: {
    name: 'rule-state.v1',
    key: 'conversation',
    ...states,
    schema: 'rule-state',
    holds:
      'what the rules of each conversation have fired, and keyed hashes of what may keep them back; Redis can be rebuilt from it',
  },
  suppressions: {
    name: 'suppressions.v1',
    key: 'suppression',
    ...table,
    schema: 'suppression',
    holds:
      'conversations that were forgotten on request, as keyed hashes: their messages are dropped, their signals withheld',
  },
  redrives: {
    name: 'redrives.v1',
    key: 'dead-letter',
    partitions: tablePartitions,
    retentionMs: deadLetterRetentionMs,
    cleanup: 'compact,delete',
    schema: 'redrive',
    holds: 'which dead letters were redriven, and when',
  },
  replays: {
    name: 'replays.v1',
    key: 'run',
    partitions: tablePartitions,
    retentionMs: days(90),
    cleanup: 'compact,delete',
    schema: 'replay-run',
    holds: 'replay runs: request, progress and result',
  },
  audit: {
    name: 'audit.v1',
    key: 'action',
    ...journal,
    schema: 'audit',
    holds: 'who read, imported, replayed, redrove, rotated and changed, and when; appended to, never compacted',
  },
} as const satisfies Record<string, TopicSpec>

export type MainTopic = keyof typeof main

export const topics = main

export const stageNames = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'] as const
export type StageName = (typeof stageNames)[number]

export interface StageSpec {
  readonly reads: MainTopic
  readonly writes: readonly MainTopic[]
  /** Compacted topics that the stage holds in memory and follows. */
  readonly follows: readonly MainTopic[]
  /** Further inputs of lower priority than `reads`, each with its own consumer, a few records at a time. */
  readonly lowPriorityReads?: readonly { readonly topic: string; readonly group: string }[]
  /** Fixed delays of a deferred record, shortest first; one topic each, so that records fall due in the order of the topic. */
  readonly delays: readonly Delay[]
  /** One consumer reads partition n of the main and delay topics together: records of one key then have a single writer. */
  readonly waitsWithMain?: true
}

/** ms, by the delay's name: the name is part of the topic's name. */
export const delays = {
  '1s': 1_000,
  '5s': 5_000,
  '10s': 10_000,
  '30s': 30_000,
  '1m': 60_000,
  '5m': 300_000,
  '30m': 1_800_000,
  '2h': 7_200_000,
} as const
export type Delay = keyof typeof delays

export type ConsumerStage = Exclude<StageName, 'gateway'>

/** Signals reported again from history have a topic of their own, so that live signals never queue behind them. */
export const replayTopic = 'signals.replay.v1'
export const replayGroup = 'signals-dispatch-replay'

export const stages = {
  ingest: {
    reads: 'channelEvents',
    writes: ['messages', 'connectionRequests'],
    follows: ['connections', 'dataSecrets', 'suppressions'],
    delays: [],
  },
  attribution: {
    reads: 'messages',
    writes: ['attributedMessages', 'touches'],
    follows: ['connections', 'ruleSets', 'dataSecrets', 'suppressions'],
    delays: ['1s', '5s'],
    waitsWithMain: true,
  },
  keywords: {
    reads: 'attributedMessages',
    writes: ['signals', 'ruleState'],
    follows: ['connections', 'keywordLists', 'ruleSets', 'dataSecrets', 'suppressions'],
    delays: [],
  },
  dispatch: {
    reads: 'signals',
    writes: ['deliveries', 'connectionRequests'],
    follows: ['connections', 'dataSecrets', 'suppressions'],
    lowPriorityReads: [{ topic: replayTopic, group: replayGroup }],
    delays: ['10s', '1m', '5m', '30m', '2h'],
  },
} as const satisfies Record<ConsumerStage, StageSpec>

export const consumerStages = Object.keys(stages) as ConsumerStage[]

/** The registry subject of a topic's values. */
export const subjectOf = (topicName: string) => `${topicName}-value`
