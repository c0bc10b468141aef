/** The least rights that each process needs at Kafka, from the topology. Pure. */
import { consumerGroup, followedBy, laterGroup, parkedGroup } from '../../consumer-groups.ts'
import { allTopics, deadLetterTopic, failureTopics, laterTopic, parkedTopic } from '../../derived-topics.ts'
import {
  type ConsumerStage,
  consumerStages,
  type MainTopic,
  replayTopic,
  type StageSpec,
  stages,
  topics,
} from '../../topology.ts'

/** As `kafka-acls` spells them. */
export type AclOperation = 'Read' | 'Write' | 'Describe' | 'Create' | 'Alter' | 'DescribeConfigs' | 'AlterConfigs'

export interface Right {
  readonly resource: 'topic' | 'group'
  readonly name: string
  /** prefixed: every name that begins with it. */
  readonly pattern: 'literal' | 'prefixed'
  /** In the order of their names. */
  readonly operations: readonly AclOperation[]
}

export const aclProcesses = ['gateway', ...consumerStages, 'control', 'operator'] as const
/** `operator`: the commands, such as `signals topics apply` and `signals doctor`. */
export type AclProcess = (typeof aclProcesses)[number]

interface Needs {
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** Joined, with their offsets committed. */
  readonly groups: readonly string[]
  /** Beginnings of names of groups that are joined. */
  readonly groupPrefixes?: readonly string[]
  /** Topics whose offsets are read, and no record of them. */
  readonly describes?: readonly string[]
  /** Beginnings of names of groups whose offsets are read. */
  readonly watches?: readonly string[]
}

const named = (names: readonly MainTopic[]) => names.map((name) => topics[name].name)
/** Every group of the pipeline begins with it. */
const anyGroup = 'signals-'

const ofStage = (stage: ConsumerStage): Needs => {
  const { reads, writes, follows, delays, lowPriorityReads = [] }: StageSpec = stages[stage]
  const later = delays.map((delay) => laterTopic(stage, delay))
  const ownStates = { attribution: [topics.touches.name], keywords: [topics.ruleState.name] }
  const ownMain = stage === 'attribution' || stage === 'keywords' ? ownStates[stage] : []
  const sentLog = stage === 'dispatch' ? [topics.deliveries.name, parkedTopic] : []
  const unparked = stage === 'dispatch' ? [topics.signals.name, parkedTopic] : []
  return {
    reads: [
      topics[reads].name,
      ...later,
      ...lowPriorityReads.map(({ topic }) => topic),
      ...named(follows),
      ...ownMain,
      ...sentLog,
    ],
    writes: [...named(writes), ...later, ...unparked, ...failureTopics(stage)],
    groups: [
      consumerGroup(stage),
      ...delays.map((delay) => laterGroup(stage, delay)),
      ...lowPriorityReads.map(({ group }) => group),
      ...(stage === 'dispatch' ? [parkedGroup] : []),
    ],
  }
}

const ofIngest = ofStage('ingest')

/** Where the records of dead letters came from. */
const redrivable = [
  ...new Set(
    consumerStages.flatMap((stage) => {
      const { reads, delays }: StageSpec = stages[stage]
      return [topics[reads].name, ...delays.map((delay) => laterTopic(stage, delay))]
    }),
  ),
]

const needs: Readonly<Record<Exclude<AclProcess, 'operator'>, Needs>> = {
  gateway: {
    reads: named(followedBy.gateway),
    writes: named(['channelEvents']),
    groups: [],
    watches: ['signals-gateway'],
  },
  // Where Redis has lost claims, it makes them again without the records that it found to end the process.
  ingest: { ...ofIngest, reads: [...ofIngest.reads, deadLetterTopic('ingest')] },
  // Where a conversation's events come by several ways, it asks how far ingest is.
  attribution: {
    ...ofStage('attribution'),
    describes: named(['channelEvents']),
    watches: [consumerGroup('ingest')],
  },
  keywords: ofStage('keywords'),
  dispatch: ofStage('dispatch'),
  // It reads the time of the oldest record that a group has not processed, so every topic of a group. Operators redrive dead letters
  // through it, so it writes to what stages read; and they replay, which hands history to attribution and signals to dispatch.
  control: {
    reads: allTopics.map(({ name }) => name),
    writes: [
      ...named(['connections', 'connectionHistory', 'tokens', 'dataSecrets', 'keywordLists', 'ruleSets', 'audit']),
      ...redrivable,
      ...named(['redrives', 'replays']),
      replayTopic,
    ],
    groups: [],
    groupPrefixes: ['signals-console-', 'signals-control'],
    watches: [anyGroup],
  },
}

const rightsOf = ({
  reads,
  writes,
  groups,
  groupPrefixes = [],
  watches = [],
  describes = [],
}: Needs): readonly Right[] => {
  const operations = new Map<string, Set<AclOperation>>()
  const grant = (name: string, operation: AclOperation) =>
    operations.set(name, (operations.get(name) ?? new Set<AclOperation>()).add(operation))
  for (const name of reads) grant(name, 'Read')
  for (const name of writes) grant(name, 'Write')
  const group = (name: string, pattern: Right['pattern'], operation: AclOperation): Right => ({
    ...{ resource: 'group', name, pattern, operations: [operation] },
  })
  return [
    ...Array.from(
      operations,
      ([name, set]): Right => ({
        ...{ resource: 'topic', name, pattern: 'literal' },
        operations: [...set, 'Describe' as const].sort(),
      }),
    ),
    ...describes.map((name): Right => ({ resource: 'topic', name, pattern: 'literal', operations: ['Describe'] })),
    ...[...new Set(groups)].map((name) => group(name, 'literal', 'Read')),
    ...groupPrefixes.map((name) => group(name, 'prefixed', 'Read')),
    ...watches.map((name) => group(name, 'prefixed', 'Describe')),
  ]
}

const ofOperator: readonly Right[] = [
  ...allTopics.map(
    ({ name }): Right => ({
      ...{ resource: 'topic', name, pattern: 'literal' },
      operations: ['Alter', 'AlterConfigs', 'Create', 'Describe', 'DescribeConfigs', 'Read', 'Write'],
    }),
  ),
  { resource: 'group', name: anyGroup, pattern: 'prefixed', operations: ['Describe'] },
]

/** @param prefix KAFKA_TOPIC_PREFIX */
export const aclsOf = (process: AclProcess, prefix: string): readonly Right[] =>
  (process === 'operator' ? ofOperator : rightsOf(needs[process])).map((right) => ({
    ...right,
    name: prefix + right.name,
  }))

/** One command for all names with equal operations. @param principal such as `User:signals-gateway` */
export const aclCommands = (rights: readonly Right[], principal: string): readonly string[] =>
  Array.from(
    Map.groupBy(rights, ({ resource, pattern, operations }) => `${resource} ${pattern} ${operations.join()}`).values(),
    (alike) => {
      const { resource, pattern, operations } = alike[0] as Right
      const names = alike.map(({ name }) => `--${resource} ${name}`)
      const words = [
        `--add --allow-principal ${principal}`,
        ...operations.map((operation) => `--operation ${operation}`),
        ...(pattern === 'prefixed' ? ['--resource-pattern-type prefixed'] : []),
        ...names,
      ]
      return `kafka-acls.sh --bootstrap-server "$KAFKA_BROKERS" --command-config admin.properties ${words.join(' ')}`
    },
  )
