/** Current problems of the system, pages before warnings, each with the runbook of its alert. */
import type { TokenState } from '../shared/connections/tokens/token-expiry.ts'
import type { BreakerOverview } from './breakers.ts'
import type { Overview } from './exporter.ts'
import type { GroupLag } from './lag-watch.ts'

export interface SystemProblem {
  readonly severity: 'page' | 'warning'
  readonly text: string
  /** File name in docs/runbooks, without `.md`. */
  readonly runbook: string
}

export interface SystemStatus extends Overview {
  readonly stages: readonly {
    readonly stage: string
    readonly state: string
    readonly reason: string | null
  }[]
  /** Accounts whose records ingest puts aside. */
  readonly quarantined: number
  readonly groups: readonly GroupLag[]
  readonly breakers: BreakerOverview
  readonly connections: readonly { readonly status: string; readonly token: TokenState | null }[]
}

const warnSeconds = 120
const pageSeconds = 300
const lowDisk = 0.15
const fullDisk = 0.05
const fullMemory = 0.8

const duration = (seconds: number) => (seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`)
const page = (text: string, runbook: string): SystemProblem => ({ severity: 'page', text, runbook })
const warning = (text: string, runbook: string): SystemProblem => ({ severity: 'warning', text, runbook })

export const systemProblemsOf = (status: SystemStatus): readonly SystemProblem[] => {
  const { stages, groups, dependencies, disk, redis, breakers, connections } = status
  const found: SystemProblem[] = []
  for (const [name, up] of Object.entries(dependencies))
    if (!up) found.push(page(`${name} does not answer`, 'SignalsDependencyDown'))
  for (const { stage, state, reason } of stages) {
    if (state === 'unreachable') found.push(page(`${stage} does not answer`, 'SignalsProcessDown'))
    else if (state === 'halted') found.push(page(`${stage} has halted (${reason})`, 'SignalsStageHalted'))
    else if (state === 'waiting') found.push(warning(`${stage} waits (${reason})`, 'SignalsDependencyDown'))
  }
  for (const { topic, lane, seconds } of groups) {
    if (lane === 'replay' || seconds < warnSeconds) continue
    const text = `the oldest record of ${topic} has waited for ${duration(seconds)}`
    found.push(seconds < pageSeconds ? warning(text, 'SignalsLate') : page(text, 'SignalsVeryLate'))
  }
  if (disk) {
    const share = disk.freeBytes / disk.sizeBytes
    const text = `${Math.round(share * 100)} % of the disk is free`
    if (share < fullDisk) found.push(page(text, 'SignalsDiskFull'))
    else if (share < lowDisk) found.push(warning(text, 'SignalsDiskLow'))
  }
  if (redis && redis.limitBytes > 0 && redis.bytes / redis.limitBytes > fullMemory)
    found.push(
      warning(`Redis uses ${Math.round((redis.bytes / redis.limitBytes) * 100)} % of its memory`, 'SignalsRedisMemory'),
    )
  if (status.quarantined > 0)
    found.push(warning(`accounts in quarantine: ${status.quarantined}`, 'SignalsAccountQuarantined'))
  if (breakers.open > 0) found.push(warning(`open circuit breakers: ${breakers.open}`, 'SignalsBreakerOpen'))
  const refused = connections.filter(({ status }) => status === 'reconnect').length
  if (refused > 0) found.push(warning(`connections that need a new token: ${refused}`, 'SignalsTokenRefused'))
  const ending = connections.filter(({ token }) => token === 'expiring' || token === 'expired').length
  if (ending > 0)
    found.push(warning(`account tokens that expire soon or have expired: ${ending}`, 'SignalsTokenExpiring'))
  const parked = groups.find(({ lane }) => lane === 'parked')?.messages ?? 0
  if (parked > 0) found.push(warning(`parked signals: ${parked}`, 'SignalsParked'))
  return found.sort((a, b) => a.severity.localeCompare(b.severity))
}
