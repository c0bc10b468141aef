/** Waits until every running process that follows a compacted topic has applied a change of it. */

import { followedBy } from '../consumer-groups.ts'
import type { Addresses } from '../local/supervisor/state-file.ts'
import { systemClock } from '../runtime/clock.ts'
import type { MainTopic } from '../topology.ts'
import { consumerStages, stages, topics } from '../topology.ts'
import type { CliContext } from './context.ts'

/** docs/contracts.md promises that a change is active everywhere within 5 s. */
const timeoutMs = 5_000
const pollIntervalMs = 50

interface Report {
  tables?: Record<string, Record<string, string>>
  masterKeys?: readonly string[]
}

const reportOf = async (metricsUrl: string): Promise<Report | null> => {
  try {
    const response = await fetch(metricsUrl.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(1_000) })
    return (await response.json()) as Report
  } catch {
    // A stopped stage reads the whole topic at its start, so it will have the change.
    return null
  }
}

/** Ids of the master keys that each running stage has. */
export const masterKeysOfStages = async ({ running }: CliContext): Promise<Map<string, readonly string[]>> => {
  const found = new Map<string, readonly string[]>()
  for (const [stage, url] of Object.entries(running?.metrics ?? {})) {
    const report = await reportOf(url)
    if (report?.masterKeys) found.set(stage, report.masterKeys)
  }
  return found
}

/** Metrics URLs of the running processes that follow the topic, by name. */
const followersOf = ({ metrics, console: console_ }: Addresses, topic: MainTopic): [string, string][] => {
  const followed: Record<string, readonly MainTopic[]> = {
    ...followedBy,
    ...Object.fromEntries(consumerStages.map((stage) => [stage, stages[stage].follows])),
  }
  const urls: Record<string, string> = { ...metrics, console: `${console_}/metrics` }
  return Object.entries(urls).filter(([process]) => followed[process]?.includes(topic))
}

/** @returns the processes that had not applied the change after 5 s; empty when no pipeline runs */
export const waitUntilActive = async ({ running, broker }: CliContext, topic: MainTopic): Promise<string[]> => {
  if (!running) return []
  const { name } = topics[topic]
  const ends = await broker().offsets('signals-cli', name)
  let behind = followersOf(running, topic)
  const end = Date.now() + timeoutMs
  while (behind.length > 0 && Date.now() < end) {
    const reports = await Promise.all(behind.map(([, url]) => reportOf(url)))
    behind = behind.filter((_, index) => {
      const report = reports[index]
      return (
        report !== null && ends.some(({ partition, high }) => BigInt(report?.tables?.[name]?.[partition] ?? 0) < high)
      )
    })
    if (behind.length > 0) await systemClock.sleep(pollIntervalMs)
  }
  return behind.map(([process]) => process)
}
