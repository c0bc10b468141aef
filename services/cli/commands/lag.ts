import type { Command } from 'commander'
import { type PartitionLag, readLag } from '../../local/lag.ts'
import { withContext } from '../context.ts'
import { print, printJson, seconds, table } from '../output.ts'

const everyMs = 2_000

/** Per stage: sum of messages, age of the oldest. */
const summed = (lags: readonly PartitionLag[]) =>
  Array.from(
    Map.groupBy(lags, ({ stage }) => stage),
    ([stage, own]) => ({
      stage,
      messages: own.reduce((sum, { messages }) => sum + messages, 0),
      seconds: Math.max(0, ...own.map((lag) => lag.seconds)),
      partitions: own.map(({ partition, messages, seconds }) => ({ partition, messages, seconds })),
    }),
  )

/** Messages a second between two looks; negative while catching up. */
const trendOf = (before: number | undefined, now: number, elapsedMs: number) =>
  before === undefined ? null : ((now - before) * 1000) / elapsedMs

const trendText = (trend: number | null, messages: number): string => {
  if (trend === null || Math.abs(trend) < 0.5) return messages === 0 ? 'idle' : 'steady'
  if (trend > 0) return `+${Math.round(trend)}/s`
  return `${Math.round(trend)}/s, done in ${seconds(messages / -trend)}`
}

export const register = (program: Command) => {
  program
    .command('lag')
    .description('per stage and partition: messages and seconds behind, trend, time to catch up')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .option('--json', 'one JSON value a look')
    .action(({ watch, json }: { watch?: boolean; json?: boolean }) =>
      withContext(async ({ broker }) => {
        const before = new Map<string, number>()
        for (let lookedAt = 0; ; ) {
          const now = Date.now()
          const stages = summed(await readLag(broker(), now)).map((lag) => ({
            ...lag,
            trendPerSecond: trendOf(before.get(lag.stage), lag.messages, now - lookedAt),
          }))
          if (json) printJson({ at: new Date(now).toISOString(), stages })
          else {
            print(
              table([
                ['stage', 'messages', 'behind', 'trend', 'by partition'],
                ...stages.map((lag) => [
                  lag.stage,
                  String(lag.messages),
                  seconds(lag.seconds),
                  trendText(lag.trendPerSecond, lag.messages),
                  lag.partitions.map(({ messages }) => messages).join(' '),
                ]),
              ]),
            )
          }
          if (!watch) return
          for (const { stage, messages } of stages) before.set(stage, messages)
          lookedAt = now
          await new Promise((resolve) => setTimeout(resolve, everyMs))
          if (!json) print('')
        }
      }),
    )
}
