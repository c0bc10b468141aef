/** Consumer groups: the stages join by these names, and lag is computed from the groups' committed offsets. */
import { laterTopic, parkedTopic } from './derived-topics.ts'
import {
  type ConsumerStage,
  consumerStages,
  type Delay,
  delays,
  type MainTopic,
  type StageSpec,
  stages,
  topics,
} from './topology.ts'

/** One group per stage: its committed offsets are the stage's progress. */
export const consumerGroup = (stage: ConsumerStage) => `signals-${stage}`
export const laterGroup = (stage: ConsumerStage, delay: Delay) =>
  (stages[stage] as StageSpec).waitsWithMain ? consumerGroup(stage) : `signals-${stage}-later-${delay}`
export const parkedGroup = 'signals-dispatch-parked'

export interface GroupSpec {
  readonly group: string
  readonly stage: ConsumerStage
  readonly topic: string
  /**
   * The traffic class, under the name that `signals lag --json` and the admin API give it. main: due at once;
   * waiting: due `delayMs` after the write; replay: after live traffic; parked: due when an operator acts.
   */
  readonly lane: 'main' | 'waiting' | 'replay' | 'parked'
  /** ms */
  readonly delayMs: number
}

/** Every group whose lag is reported. */
export const consumerGroups: readonly GroupSpec[] = [
  ...consumerStages.flatMap((stage): GroupSpec[] => [
    { group: consumerGroup(stage), stage, topic: topics[stages[stage].reads].name, lane: 'main', delayMs: 0 },
    ...(stages[stage] as StageSpec).delays.map(
      (delay): GroupSpec => ({
        group: laterGroup(stage, delay),
        stage,
        topic: laterTopic(stage, delay),
        lane: 'waiting',
        delayMs: delays[delay],
      }),
    ),
    ...((stages[stage] as StageSpec).lowPriorityReads ?? []).map(
      ({ group, topic }): GroupSpec => ({ group, stage, topic, lane: 'replay', delayMs: 0 }),
    ),
  ]),
  { group: parkedGroup, stage: 'dispatch', topic: parkedTopic, lane: 'parked', delayMs: 0 },
]

/** The compacted topics that gateway and control hold in memory. They have no group, since they consume nothing as a stage does. */
export const followedBy = {
  gateway: ['connections', 'tokens', 'dataSecrets'],
  console: ['connections', 'tokens', 'dataSecrets'],
} as const satisfies Record<string, readonly MainTopic[]>
