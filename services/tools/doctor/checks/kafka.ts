/** Checks Kafka: protocol versions, topics against the topology, clock, dead letters and parked signals. */

import { parkedGroup } from '../../../consumer-groups.ts'
import { allTopics, deadLetterTopic, parkedTopic } from '../../../derived-topics.ts'
import { prefixFields } from '../../../runtime/adapters/prefix.ts'
import { loadConfig } from '../../../runtime/config.ts'
import type { TopicSettings } from '../../../runtime/ports.ts'
import { consumerStages, topics } from '../../../topology.ts'
import { planTopics, type TopicChange } from '../../topics/provision.ts'
import { placementOf } from '../../topics/settings.ts'
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'
import { unlessNamed } from './problems.ts'

const { good, warning, bad } = checkResultsOf('kafka')
/** Lag in seconds is the difference of two clocks: a second of error is tolerated. */
const maxSkewMs = 1_000
/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-doctor'

const changeText = (change: TopicChange): string => {
  switch (change.kind) {
    case 'create':
      return `topic ${change.topic} is missing`
    case 'partitions':
      return `topic ${change.topic} has ${change.from} partitions, not ${change.to}`
    case 'setting':
      return `topic ${change.topic} has ${change.setting} ${change.from ?? 'unset'}, not ${change.to}`
  }
}

/** Differences of a new cluster mostly have one cause: the first few show it. */
const maxShownChanges = 5
const declared = new Set(allTopics.map(({ name }) => name))

/** Compares the newest record of each topic with this machine's clock: a record from the future shows a broker clock that is ahead. */
const checkClock = async ({ broker, clock }: DiagnosticsContext, names: readonly string[]): Promise<CheckResult> => {
  const ends = await broker().progress(names.map((topic) => ({ group: queryGroup, topic })))
  const before = clock.now()
  const newest = await Promise.all(
    names.map((topic, n) =>
      broker().timestamps(
        topic,
        (ends[n] ?? [])
          .filter(({ low, high }) => high > low)
          .map(({ partition, high }) => ({ partition, offset: high - 1n })),
      ),
    ),
  )
  const ahead = Math.max(0, ...newest.flatMap((times) => [...times.values()].map((at) => at - before)))
  return ahead > maxSkewMs
    ? bad(
        `Kafka's clock is at least ${(ahead / 1000).toFixed(1)} s ahead of this machine's`,
        'synchronise the clocks (NTP): lag in seconds and waits are wrong by this much',
      )
    : good("Kafka's clock is not ahead of this machine's")
}

const checkDeadLetters = async ({ broker }: DiagnosticsContext, names: ReadonlySet<string>): Promise<CheckResult[]> => {
  const dead = consumerStages.map(deadLetterTopic).filter((name) => names.has(name))
  const ends = await broker().progress(dead.map((topic) => ({ group: queryGroup, topic })))
  const found = dead.flatMap((topic, n) => {
    const records = (ends[n] ?? []).reduce((sum, { low, high }) => sum + Number(high - low), 0)
    return records === 0
      ? []
      : [
          warning(
            `${counted(records, 'dead letter')} in ${topic}`,
            'signals dead-letters list; fix the cause, then redrive',
          ),
        ]
  })
  return found.length > 0 ? found : [good('there are no dead letters')]
}

const checkParked = async ({ broker }: DiagnosticsContext): Promise<CheckResult> => {
  const [partitions = []] = await broker().progress([{ group: parkedGroup, topic: parkedTopic }])
  const waiting = partitions.reduce(
    (sum, { low, high, committed }) => sum + Number(high - (committed !== null && committed > low ? committed : low)),
    0,
  )
  return waiting === 0
    ? good('no signal is parked')
    : warning(
        `${counted(waiting, 'signal')} parked`,
        'signals connections list: which connections are paused or need a token',
      )
}

/** Topics with a single copy although the cluster could hold more: the loss of one broker's disk loses their records. */
const checkCopies = (actual: readonly TopicSettings[], nodes: number): CheckResult[] => {
  const single = actual.filter(({ name, replication }) => replication === 1 && declared.has(name))
  if (nodes < 3 || single.length === 0) return []
  return [
    warning(
      `${counted(single.length, 'topic')} of the pipeline ${single.length === 1 ? 'has' : 'have'} one copy on ${nodes} brokers`,
      'add copies with kafka-reassign-partitions: an existing topic keeps its number of copies',
    ),
  ]
}

export const kafka = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  const { brokers, broker } = context
  const { nodes, lacking } = await broker().describe()
  const actual = await broker().listTopics()
  const { KAFKA_TOPIC_PREFIX: prefix } = loadConfig(prefixFields, context.env)
  const changes = planTopics(actual, allTopics, placementOf(context.env, nodes)).map((change) => ({
    ...change,
    topic: prefix + change.topic,
  }))
  const names = new Set(actual.map(({ name }) => name))
  const remedy = 'signals topics plan, then signals topics apply'
  return [
    good(`Kafka answers at ${brokers} (${counted(nodes, 'broker')})`),
    lacking.length === 0
      ? good('Kafka supports the required protocol versions')
      : bad(`Kafka is too old: it lacks ${lacking.join(', ')}`, 'use Kafka 2.4 or later'),
    ...(changes.length === 0
      ? [good('topics are as declared')]
      : changes.slice(0, maxShownChanges).map((change) => bad(changeText(change), remedy))),
    ...(changes.length > maxShownChanges
      ? [bad(`${counted(changes.length - maxShownChanges, 'more difference')} between topics and topology`, remedy)]
      : []),
    ...checkCopies(actual, nodes),
    await checkClock(
      context,
      Object.values(topics)
        .map(({ name }) => name)
        .filter((name) => names.has(name)),
    ),
    ...(await unlessNamed(async () => [
      ...(await checkDeadLetters(context, names)),
      ...(names.has(parkedTopic) ? [await checkParked(context)] : []),
    ])(context)),
  ]
}
