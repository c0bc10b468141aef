/** Topics that follow from the stages (dead letters, delays, parked, replayed signals), and the list of all topics. */
import type { TopicSpec } from './topic-spec.ts'
import {
  type ConsumerStage,
  consumerStages,
  type Delay,
  derivedRetentionMs,
  flowPartitions,
  replayTopic,
  stages,
  topics,
} from './topology.ts'

const inputOf = (stage: ConsumerStage) => topics[stages[stage].reads]

/** `messages.v1` → `messages`: a derived topic carries one version, its own, at the end. */
const stem = (name: string) => name.replace(/\.v\d+$/, '')

export const deadLetterTopic = (stage: ConsumerStage) => `${stem(inputOf(stage).name)}.${stage}.dead.v1`
export const laterTopic = (stage: ConsumerStage, delay: Delay) =>
  `${stem(inputOf(stage).name)}.${stage}.later-${delay}.v1`
/** What ingest puts aside of accounts whose records fail too often. */
export const quarantineTopic = 'channel-events.ingest.quarantine.v1'
/** All topics to which a stage writes what it did not process. */
export const failureTopics = (stage: ConsumerStage): readonly string[] =>
  stage === 'ingest' ? [deadLetterTopic(stage), quarantineTopic] : [deadLetterTopic(stage)]
export const parkedTopic = 'signals.dispatch.parked.v1'

const deadLetters = consumerStages.map(
  (stage): TopicSpec => ({
    name: deadLetterTopic(stage),
    key: 'original',
    partitions: flowPartitions,
    retentionMs: derivedRetentionMs.deadLetters,
    cleanup: 'delete',
    schema: 'dead-letter',
    // 9 MiB: a dead letter holds the whole record, at most 8 MiB (channel-events.v1), and its own fields.
    maxMessageBytes: 9 * 1_048_576,
    holds: `what ${stage} could not process, sealed, with reason and origin`,
  }),
)

const quarantine: TopicSpec = {
  name: quarantineTopic,
  key: 'original',
  partitions: flowPartitions,
  retentionMs: derivedRetentionMs.deadLetters,
  cleanup: 'delete',
  schema: 'dead-letter',
  maxMessageBytes: 9 * 1_048_576,
  holds: 'records of accounts in quarantine, sealed, until an operator releases or discards them',
}

const delayed = consumerStages.flatMap((stage) =>
  stages[stage].delays.map(
    (delay): TopicSpec => ({
      name: laterTopic(stage, delay),
      key: inputOf(stage).key,
      partitions: flowPartitions,
      retentionMs: derivedRetentionMs.delayed,
      cleanup: 'delete',
      schema: inputOf(stage).schema,
      holds: `records of ${stage} that wait ${delay}`,
    }),
  ),
)

const parked: TopicSpec = {
  name: parkedTopic,
  key: 'connection',
  partitions: flowPartitions,
  retentionMs: derivedRetentionMs.parked,
  cleanup: 'delete',
  schema: 'signal',
  holds: 'signals that wait for a person: the authorisation was lost or the connection is paused',
}

const replayed: TopicSpec = {
  name: replayTopic,
  key: 'connection',
  partitions: flowPartitions,
  retentionMs: derivedRetentionMs.replayedSignals,
  cleanup: 'delete',
  schema: 'signal',
  holds: 'signals of replays; dispatch reads them when live traffic leaves capacity',
}

/** Age at which a segment of a topic that holds secrets is closed at the next append, ms: Kafka compacts closed ones only. */
export const secretSegmentMs = 10_000

/** Every topic of the pipeline, in the order in which `signals topics` lists them. */
export const allTopics: readonly TopicSpec[] = [
  ...Object.values(topics),
  ...delayed,
  parked,
  replayed,
  ...deadLetters,
  quarantine,
]
