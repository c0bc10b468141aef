/**
 * The pipeline on one page: every topic and who reads and writes it. Provisioning, `signals topics`, the stages and the
 * docs all read this file; it imports nothing. By which groups they read: consumer-groups.ts.
 */

const hours = (n: number) => n * 3_600_000
const days = (n: number) => n * 86_400_000
const mebibytes = (n: number) => n * 1_048_576

export interface TopicSpec {
  readonly name: string
  /** What the record key stands for; records with equal keys keep their order. Never an id of a person in the clear. */
  readonly key: 'account' | 'conversation' | 'connection' | 'list' | 'secret' | 'original' | 'dead-letter' | 'run'
  readonly partitions: number
  readonly retentionMs: number
  readonly cleanup: 'delete' | 'compact' | 'compact,delete'
  /** Folder in `schemas/` whose versions are the subject `<name>-value`; null: bytes as a connector sent them. */
  readonly schema: string | null
  /** Largest record batch the broker takes; unset: the broker's default of 1 MiB. */
  readonly maxMessageBytes?: number
  readonly holds: string
}

/** Partition counts bound how many instances of a stage can share the work. Tables are small and read whole. */
const flow = 6
const table = 1

const main = {
  channelEvents: {
    name: 'channel-events.v1',
    key: 'account',
    partitions: flow,
    retentionMs: hours(72),
    cleanup: 'delete',
    schema: 'message-event',
    maxMessageBytes: mebibytes(8),
    holds: 'raw deliveries and message events, as connectors produce them; how far back a replay reaches',
  },
  messages: {
    name: 'messages.v1',
    key: 'conversation',
    partitions: flow,
    retentionMs: days(7),
    cleanup: 'delete',
    schema: 'message',
    holds: 'validated, authorised, deduplicated message events; ids pseudonymised, content sealed',
  },
  attributedMessages: {
    name: 'attributed-messages.v1',
    key: 'conversation',
    partitions: flow,
    retentionMs: days(7),
    cleanup: 'delete',
    schema: 'attributed-message',
    holds: 'the same with the tracking ID resolved',
  },
  signals: {
    name: 'signals.v1',
    key: 'connection',
    partitions: flow,
    retentionMs: days(7),
    cleanup: 'delete',
    schema: 'signal',
    holds: 'conversation and keyword signals; nothing of what was said',
  },
  deliveries: {
    name: 'deliveries.v1',
    key: 'connection',
    partitions: flow,
    retentionMs: days(30),
    cleanup: 'delete',
    schema: 'delivery',
    holds: 'one outcome per signal',
  },
  connections: {
    name: 'connections.v1',
    key: 'connection',
    partitions: table,
    retentionMs: -1,
    cleanup: 'compact',
    schema: 'connection',
    holds: 'which account reports to which advertiser and event set, with consent; secrets sealed',
  },
  connectionHistory: {
    name: 'connection-history.v1',
    key: 'connection',
    partitions: table,
    retentionMs: days(1_096),
    cleanup: 'delete',
    schema: 'connection-change',
    holds: 'who connected, paused, reconnected, disconnected, and when; appended to, never compacted',
  },
  dataSecrets: {
    name: 'data-secrets.v1',
    key: 'secret',
    partitions: table,
    retentionMs: -1,
    cleanup: 'compact',
    schema: 'data-secret',
    holds: 'the secret that ids and the keys of raw bodies derive from, sealed under the master key in force',
  },
  keywordLists: {
    name: 'keyword-lists.v1',
    key: 'list',
    partitions: table,
    retentionMs: -1,
    cleanup: 'compact',
    schema: 'keyword-list',
    maxMessageBytes: mebibytes(8),
    holds: 'versioned keyword lists',
  },
  touches: {
    name: 'touches.v1',
    key: 'conversation',
    partitions: flow,
    // Longer than a conversation is remembered in Redis (ATTRIBUTION_STATE_DAYS): what Redis holds can be rebuilt.
    retentionMs: days(40),
    cleanup: 'compact,delete',
    schema: 'touches',
    holds: 'attribution state of each conversation; Redis can be rebuilt from it',
  },
  redrives: {
    name: 'redrives.v1',
    key: 'dead-letter',
    partitions: table,
    // As long as a dead letter is kept: what was sent through again once is not sent again by mistake.
    retentionMs: days(28),
    cleanup: 'compact,delete',
    schema: 'redrive',
    holds: 'which dead letters were sent through again, and when',
  },
  replays: {
    name: 'replays.v1',
    key: 'run',
    partitions: table,
    retentionMs: days(90),
    cleanup: 'compact,delete',
    schema: 'replay-run',
    holds: 'replay runs: what was asked, how far they are, what came of them',
  },
} as const satisfies Record<string, TopicSpec>

export type MainTopic = keyof typeof main

export const stageNames = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'] as const
export type StageName = (typeof stageNames)[number]

export interface StageSpec {
  readonly reads: MainTopic
  readonly writes: readonly MainTopic[]
  /** Compacted topics that the stage holds in memory and follows. */
  readonly follows: readonly MainTopic[]
  /** Further inputs that give way to the main one: consumers of their own, a few records at a time. */
  readonly lanes?: readonly { readonly topic: string; readonly group: string }[]
  /** Fixed delays a record of this stage may wait, shortest first; one topic each, so its order is the order of falling due. */
  readonly delays: readonly Delay[]
  /**
   * What waits is decided by the process that decides its partition of the main topic, one batch at a time: records of one key
   * then have a single writer, whichever topic they come from.
   */
  readonly waitsWithMain?: true
}

/** Named by the wait itself, since the name is part of the topic's name. */
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

/** A lane of its own for signals that are reported again from history: live ones never stand behind them. */
export const replayTopic = 'signals.replay.v1'
export const replayGroup = 'signals-dispatch-replay'

export const stages = {
  ingest: {
    reads: 'channelEvents',
    writes: ['messages', 'connectionHistory'],
    follows: ['connections', 'dataSecrets'],
    delays: [],
  },
  attribution: {
    reads: 'messages',
    writes: ['attributedMessages', 'touches'],
    follows: ['connections', 'dataSecrets'],
    delays: ['1s', '5s'],
    waitsWithMain: true,
  },
  keywords: {
    reads: 'attributedMessages',
    writes: ['signals'],
    follows: ['connections', 'keywordLists', 'dataSecrets'],
    delays: [],
  },
  dispatch: {
    reads: 'signals',
    writes: ['deliveries', 'connectionHistory'],
    follows: ['connections', 'dataSecrets'],
    lanes: [{ topic: replayTopic, group: replayGroup }],
    delays: ['10s', '1m', '5m', '30m', '2h'],
  },
} as const satisfies Record<ConsumerStage, StageSpec>

export const consumerStages = Object.keys(stages) as ConsumerStage[]

/** `messages.v1` → `messages`: derived topics carry one version, their own, at the end. */
const stem = (name: string) => name.replace(/\.v\d+$/, '')

export const deadLetterTopic = (stage: ConsumerStage) => `${stem(main[stages[stage].reads].name)}.${stage}.dead.v1`
export const laterTopic = (stage: ConsumerStage, delay: Delay) =>
  `${stem(main[stages[stage].reads].name)}.${stage}.later-${delay}.v1`
export const parkedTopic = 'signals.dispatch.parked.v1'

const deadLetters = consumerStages.map(
  (stage): TopicSpec => ({
    name: deadLetterTopic(stage),
    key: 'original',
    partitions: flow,
    retentionMs: days(28),
    cleanup: 'delete',
    schema: 'dead-letter',
    // A dead letter holds the whole record, and the largest one must still fit.
    maxMessageBytes: mebibytes(9),
    holds: `what ${stage} could not process, sealed, with reason and origin`,
  }),
)

const waiting = consumerStages.flatMap((stage) =>
  stages[stage].delays.map(
    (delay): TopicSpec => ({
      name: laterTopic(stage, delay),
      key: main[stages[stage].reads].key,
      partitions: flow,
      retentionMs: days(7),
      cleanup: 'delete',
      schema: main[stages[stage].reads].schema,
      holds: `records of ${stage} that wait ${delay}`,
    }),
  ),
)

const parked: TopicSpec = {
  name: parkedTopic,
  key: 'connection',
  partitions: flow,
  retentionMs: days(28),
  cleanup: 'delete',
  schema: 'signal',
  holds: 'signals that wait for a person: the authorisation was lost or the connection is paused',
}

const replayed: TopicSpec = {
  name: replayTopic,
  key: 'connection',
  partitions: flow,
  retentionMs: days(7),
  cleanup: 'delete',
  schema: 'signal',
  holds: 'signals of replays, for dispatch to take when live traffic leaves room',
}

export const topics = main

/** Every topic of the pipeline, in the order in which `signals topics` lists them. */
export const allTopics: readonly TopicSpec[] = [...Object.values(main), ...waiting, parked, replayed, ...deadLetters]

export const subjectOf = (topicName: string) => `${topicName}-value`
