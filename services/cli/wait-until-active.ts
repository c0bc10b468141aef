/** Waits until a change to a compacted topic is in force in every running stage that follows it. */
import type { MainTopic } from '../topology.ts'
import { consumerStages, stages, topics } from '../topology.ts'
import type { CliContext } from './context.ts'

const patienceMs = 5_000

interface Report {
  tables?: Record<string, Record<string, string>>
  masterKeys?: readonly string[]
}

const reportOf = async (metricsUrl: string): Promise<Report | null> => {
  try {
    const response = await fetch(metricsUrl.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(1_000) })
    return (await response.json()) as Report
  } catch {
    // A stage that is down reads the topic whole before it decides anything: the change is in force when it is back.
    return null
  }
}

/** Ids of the master keys that each running stage was given. */
export const masterKeysOfStages = async ({ running }: CliContext): Promise<Map<string, readonly string[]>> => {
  const found = new Map<string, readonly string[]>()
  for (const [stage, url] of Object.entries(running?.metrics ?? {})) {
    const report = await reportOf(url)
    if (report?.masterKeys) found.set(stage, report.masterKeys)
  }
  return found
}

/** @returns the stages that had not followed within five seconds; empty also where no pipeline runs */
export const waitUntilActive = async ({ running, broker }: CliContext, topic: MainTopic): Promise<string[]> => {
  if (!running) return []
  const { name } = topics[topic]
  const ends = await broker().offsets('signals-cli', name)
  let behind = [
    'gateway',
    ...consumerStages.filter((stage) => (stages[stage].follows as readonly MainTopic[]).includes(topic)),
  ]
  if (topic !== 'connections') behind = behind.filter((stage) => stage !== 'gateway')
  const end = Date.now() + patienceMs
  while (behind.length > 0 && Date.now() < end) {
    const reports = await Promise.all(behind.map((stage) => reportOf(running.metrics[stage] as string)))
    behind = behind.filter((_, at) => {
      const report = reports[at]
      return (
        report !== null && ends.some(({ partition, high }) => BigInt(report?.tables?.[name]?.[partition] ?? 0) < high)
      )
    })
    if (behind.length > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return behind
}
