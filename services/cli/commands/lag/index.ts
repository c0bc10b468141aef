import type { Command } from 'commander'
import { LagReader, type PartitionLag } from '../../../runtime/health/lag.ts'
import { LagTrend, type Trend } from '../../../runtime/health/lag-trend.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import { withContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { notify, print, printJson, seconds, table } from '../../output.ts'

/** Two looks apart, where one is not enough to tell a trend. */
const secondLookMs = 1_000

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

const laneText: Record<GroupLag['lane'], string> = {
  main: '',
  waiting: 'waits on purpose',
  replay: 'gives way to live traffic',
  parked: 'waits for a person',
}

const show = (groups: readonly GroupLag[]) =>
  table([
    ['stage', 'topic', 'messages', 'behind', 'trend', 'by partition'],
    ...groups
      // Lanes beside the main one matter when something is in them.
      .filter(({ lane, messages }) => lane === 'main' || messages > 0)
      .map((lag) => [
        lag.stage,
        lag.topic,
        String(lag.messages),
        lag.lane === 'parked' ? '-' : seconds(lag.seconds),
        lag.lane === 'main' ? trendText(lag) : laneText[lag.lane],
        lag.partitions.map(({ messages }) => messages).join(' '),
      ]),
  ])

const every = (text: string): number => {
  const value = Number(text)
  if (!(value >= 1 && value <= 3_600)) throw new UsageError('--every takes seconds, 1 to 3600')
  return value * 1000
}

export const register = (program: Command) => {
  program
    .command('lag')
    .description('per stage and partition: messages and seconds behind, trend, time to catch up')
    .option('--watch', 'again and again, until Ctrl-C')
    .option('--every <seconds>', 'between two looks with --watch', '2')
    .option('--json', 'one JSON value a look')
    .action(({ watch, json, every: text }: { watch?: boolean; json?: boolean; every: string }) =>
      withContext(async ({ broker }) => {
        const everyMs = every(text)
        const reader = new LagReader(broker())
        const trend = new LagTrend()
        const look = async () => {
          const lags = await reader.read(Date.now)
          const at = Date.now()
          trend.add(at, lags)
          return { at, groups: summed(lags, trend) }
        }
        const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
        const tell = ({ at, groups }: Awaited<ReturnType<typeof look>>) => {
          const stages = groups.filter(({ lane }) => lane === 'main')
          if (json) printJson({ at: new Date(at).toISOString(), stages, groups })
          else print(`${watch ? `${new Date(at).toLocaleTimeString()}\n` : ''}${show(groups)}`)
        }
        const first = await look()
        if (!watch) {
          if (!first.groups.some(({ messages }) => messages > 0)) return tell(first)
          await sleep(secondLookMs)
          return tell(await look())
        }
        tell(first)
        for (let at = first.at; ; ) {
          await sleep(Math.max(0, everyMs - (Date.now() - at)))
          at = Date.now()
          try {
            const seen = await look()
            if (!json) print('')
            tell(seen)
          } catch (error) {
            // Watching goes on while Kafka is away: that is when somebody looks.
            if (!(error instanceof DependencyError)) throw error
            notify(`signals: ${new Date().toLocaleTimeString()} ${error.message}; looking again`)
          }
        }
      }),
    )
}
