/** Who reads what, by consumer group: the stages join by these names, and lag is read from their committed offsets. */
import {
  type ConsumerStage,
  consumerStages,
  type Delay,
  delays,
  laterTopic,
  parkedTopic,
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
   * main: to be processed at once; waiting: falls due `delayMs` after it was written; replay: gives way to live traffic;
   * parked: waits for a person.
   */
  readonly lane: 'main' | 'waiting' | 'replay' | 'parked'
  readonly delayMs: number
}

/** Every group whose committed offsets are somebody's progress: what lag is read from. */
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
    ...((stages[stage] as StageSpec).lanes ?? []).map(
      ({ group, topic }): GroupSpec => ({ group, stage, topic, lane: 'replay', delayMs: 0 }),
    ),
  ]),
  { group: parkedGroup, stage: 'dispatch', topic: parkedTopic, lane: 'parked', delayMs: 0 },
]
