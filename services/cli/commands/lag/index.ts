/** `signals lag`: prints the lag of every consumer group. */
import type { Command } from 'commander'
import { systemClock as clock } from '../../../runtime/clock.ts'
import { LagReader, type PartitionLag } from '../../../runtime/health/lag.ts'
import { LagTrend, type Trend } from '../../../runtime/health/lag-trend.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { notify, print, printJson, seconds, table } from '../../output.ts'

/** Time between the two reads that a trend needs. */
const trendIntervalMs = 1_000

/** Per topic: sum of messages, age of the oldest. */
const summed = (lags: readonly PartitionLag[], trend: LagTrend) =>
  Array.from(
    Map.groupBy(lags, ({ topic }) => topic),
    ([topic, own]) => {
      const { stage, group, lane } = own[0] as PartitionLag
      return {
        ...{ stage, group, lane, topic },
        messages: own.reduce((sum, { messages }) => sum + messages, 0),
        seconds: Math.max(0, ...own.map((lag) => lag.seconds)),
        partitions: own.map(({ partition, messages, seconds }) => ({ partition, messages, seconds })),
        ...trend.of(topic),
      }
    },
  )
type GroupLag = ReturnType<typeof summed>[number]

const trendText = ({ trendPerSecond: trend, messages, catchUpSeconds }: Trend & { messages: number }): string => {
  if (messages === 0) return 'idle'
  if (trend === null) return '-'
  if (Math.abs(trend) < 0.5) return 'steady'
  const rate = `${trend > 0 ? '+' : ''}${Math.round(trend)}/s`
  return catchUpSeconds === null ? rate : `${rate}, done in ${seconds(catchUpSeconds)}`
}

const noteByLane: Record<GroupLag['lane'], string> = {
  main: '',
  waiting: 'delayed on purpose',
  replay: 'yields to live traffic',
  parked: 'waits for an operator',
}

const show = (groups: readonly GroupLag[]) =>
  table([
    ['stage', 'topic', 'messages', 'behind', 'trend', 'by partition'],
    ...groups
      // Other topics than the stage's main one are shown only when they have messages.
      .filter(({ lane, messages }) => lane === 'main' || messages > 0)
      .map((lag) => [
        lag.stage,
        lag.topic,
        String(lag.messages),
        lag.lane === 'parked' ? '-' : seconds(lag.seconds),
        lag.lane === 'main' ? trendText(lag) : noteByLane[lag.lane],
        lag.partitions.map(({ messages }) => messages).join(' '),
      ]),
  ])

const intervalOf = (text: string): number => {
  const value = Number(text)
  if (!(value >= 1 && value <= 3_600)) throw new UsageError('--every takes seconds, 1 to 3600')
  return value * 1000
}

export const register = (program: Command) => {
  program
    .command('lag')
    .description('per stage and partition: messages and seconds behind, trend, time to catch up')
    .option('--watch', 'repeat until Ctrl-C')
    .option('--every <seconds>', 'interval with --watch', '2')
    .option('--json', 'one JSON value per read')
    .action(({ watch, json, every: text }: { watch?: boolean; json?: boolean; every: string }) =>
      withContext(async ({ broker, prefix }) => {
        const intervalMs = intervalOf(text)
        const reader = new LagReader(broker())
        const trend = new LagTrend()
        const readGroups = async () => {
          const lags = await reader.read(clock.now)
          const at = clock.now()
          trend.add(at, lags)
          const groups = summed(lags, trend)
          return { at, groups: groups.map((one) => ({ ...one, group: prefix + one.group, topic: prefix + one.topic })) }
        }
        const printLag = ({ at, groups }: Awaited<ReturnType<typeof readGroups>>) => {
          const stages = groups.filter(({ lane }) => lane === 'main')
          if (json) printJson({ at: new Date(at).toISOString(), stages, groups })
          else print(`${watch ? `${new Date(at).toLocaleTimeString()}\n` : ''}${show(groups)}`)
        }
        const first = await readGroups()
        if (!watch) {
          if (!first.groups.some(({ messages }) => messages > 0)) return printLag(first)
          await clock.sleep(trendIntervalMs)
          return printLag(await readGroups())
        }
        printLag(first)
        for (let at = first.at; ; ) {
          await clock.sleep(Math.max(0, intervalMs - (clock.now() - at)))
          at = clock.now()
          try {
            const groups = await readGroups()
            if (!json) print('')
            printLag(groups)
          } catch (error) {
            // Keeps watching during an outage of Kafka.
            if (!(error instanceof DependencyError)) throw error
            notify(`signals: ${new Date().toLocaleTimeString()} ${error.message}; trying again`)
          }
        }
      }),
    )
}
