/** Current problems of the system, pages before warnings, each with the runbook of its alert. */
import type { TokenState } from '../shared/connections/tokens/token-expiry.ts'
import type { BreakerOverview } from './breakers.ts'
import type { Overview } from './exporter.ts'
import type { KnownProcess } from './instance-states.ts'
import type { GroupLag } from './lag-watch.ts'

export interface SystemProblem {
  /** Names the problem while it lasts, such as `stage:ingest`; its figures are in the text alone. */
  readonly id: string
  /** notice: nothing is broken, and a person should look; only the overview has these. */
  readonly severity: 'page' | 'warning' | 'notice'
  readonly text: string
  /** File name in docs/runbooks, without `.md`; null: `remedy` says all. */
  readonly runbook: string | null
  /** What to do, in a sentence, where no runbook says it. */
  readonly remedy?: string
  /** Ids of problems that bring this one along. */
  readonly broughtBy: readonly string[]
}

export interface SystemStatus extends Overview {
  readonly stages: readonly {
    readonly stage: string
    readonly state: string
    readonly reason: string | null
    readonly processes?: readonly KnownProcess[]
  }[]
  /** Accounts whose records ingest puts aside. */
  readonly quarantined: number
  readonly groups: readonly GroupLag[]
  readonly breakers: BreakerOverview
  readonly connections: readonly {
    readonly connectionId: string
    readonly status: string
    readonly token: TokenState | null
  }[]
}

const warnSeconds = 120
const pageSeconds = 300
const lowDisk = 0.15
const fullDisk = 0.05
const fullMemory = 0.8

const duration = (seconds: number) => (seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`)
const namedConnections = 3
/** `4 (a, b, c, …)` */
const counted = (of: readonly { readonly connectionId: string }[], count = of.length) => {
  if (of.length === 0) return String(count)
  const names = of.slice(0, namedConnections).map(({ connectionId }) => connectionId)
  return `${count} (${[...names, ...(count > names.length ? ['…'] : [])].join(', ')})`
}
type Text = readonly [id: string, text: string, runbook: string, broughtBy?: readonly string[]]
const page = (...[id, text, runbook, broughtBy = []]: Text): SystemProblem => ({
  ...{ id, severity: 'page', text, runbook, broughtBy },
})
const warning = (...text: Text): SystemProblem => ({ ...page(...text), severity: 'warning' })

const anyDependency = ['dependency:kafka', 'dependency:redis', 'dependency:registry']

/** ` (worker-2: not heard of for 22 s)`; empty where none of the stage announces itself. */
const silenceOf = (processes: readonly KnownProcess[]): string => {
  const silent = processes.filter(({ state, silentSeconds }) => state === 'unreachable' && silentSeconds !== null)
  const each = silent.map(({ host, silentSeconds }) => `${host}: not heard of for ${duration(silentSeconds ?? 0)}`)
  return each.length === 0 ? '' : ` (${each.join('; ')})`
}

export const systemProblemsOf = (status: SystemStatus): readonly SystemProblem[] => {
  const { stages, groups, dependencies, disk, redis, breakers, connections } = status
  const found: SystemProblem[] = []
  for (const [name, up] of Object.entries(dependencies))
    if (!up) {
      // A registry may keep its schemas in Kafka.
      const broughtBy = name === 'registry' ? ['dependency:kafka'] : ['disk']
      found.push(page(`dependency:${name}`, `${name} does not answer`, 'SignalsDependencyDown', broughtBy))
    }
  for (const { stage, state, reason, processes = [] } of stages) {
    const id = `stage:${stage}`
    if (state === 'unreachable')
      found.push(page(id, `${stage} does not answer${silenceOf(processes)}`, 'SignalsProcessDown'))
    else if (state === 'halted')
      found.push(page(id, `${stage} has halted (${reason})`, 'SignalsStageHalted', anyDependency))
    else if (state === 'waiting')
      found.push(warning(id, `${stage} waits (${reason})`, 'SignalsDependencyDown', anyDependency))
  }
  for (const { topic, stage, lane, seconds } of groups) {
    if (lane === 'replay' || seconds < warnSeconds) continue
    const text = `the oldest record of ${topic} has waited for ${duration(seconds)}`
    const broughtBy = [...anyDependency, `stage:${stage}`, ...(stage === 'dispatch' ? ['breakers'] : [])]
    const id = `late:${topic}`
    found.push(
      seconds < pageSeconds
        ? warning(id, text, 'SignalsLate', broughtBy)
        : page(id, text, 'SignalsVeryLate', broughtBy),
    )
  }
  if (disk) {
    const share = disk.freeBytes / disk.sizeBytes
    const text = `${Math.round(share * 100)} % of the disk is free`
    if (share < fullDisk) found.push(page('disk', text, 'SignalsDiskFull'))
    else if (share < lowDisk) found.push(warning('disk', text, 'SignalsDiskLow'))
  }
  if (redis && redis.limitBytes > 0 && redis.bytes / redis.limitBytes > fullMemory)
    found.push(
      warning(
        'redis-memory',
        `Redis uses ${Math.round((redis.bytes / redis.limitBytes) * 100)} % of its memory`,
        'SignalsRedisMemory',
      ),
    )
  if (status.quarantined > 0)
    found.push(warning('quarantine', `accounts in quarantine: ${status.quarantined}`, 'SignalsAccountQuarantined'))
  if (breakers.open > 0)
    found.push(
      warning('breakers', `open circuit breakers: ${counted(breakers.oldest, breakers.open)}`, 'SignalsBreakerOpen'),
    )
  const refused = connections.filter(({ status }) => status === 'reconnect')
  if (refused.length > 0)
    found.push({
      ...warning(
        'tokens-refused',
        `connections of which TikTok refuses the token: ${counted(refused)}`,
        'SignalsTokenRefused',
      ),
      remedy: 'Its advertiser has to agree anew: open it under Connections, and choose Reconnect.',
    })
  const ending = connections.filter(({ token }) => token === 'expiring' || token === 'expired')
  if (ending.length > 0)
    found.push(
      warning(
        'tokens-expiring',
        `account tokens that expire soon or have expired: ${counted(ending)}`,
        'SignalsTokenExpiring',
      ),
    )
  const parked = groups.find(({ lane }) => lane === 'parked')?.messages ?? 0
  if (parked > 0) found.push(warning('parked', `parked signals: ${parked}`, 'SignalsParked', ['tokens-refused']))
  return found.sort((a, b) => a.severity.localeCompare(b.severity))
}
