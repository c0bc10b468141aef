/** Checks Redis: version, eviction, persistence, memory and clock. */
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('redis')
const minVersion = [6, 2]
/** Share of the memory limit. */
const fullShare = 0.8
const maxSkewMs = 1_000

const isOlder = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [minMajor = 0, minMinor = 0] = minVersion
  return major < minMajor || (major === minMajor && minor < minMinor)
}

const memory = (field: (name: string) => string): CheckResult => {
  const used = Number(field('used_memory'))
  const limit = Number(field('maxmemory'))
  const machine = Number(field('total_system_memory'))
  const share = used / (limit || machine)
  const text = `Redis uses ${field('used_memory_human')} of ${limit > 0 ? field('maxmemory_human') : `the machine's ${field('total_system_memory_human')}, with no maxmemory set`}`
  return Number.isFinite(share) && share > fullShare
    ? bad(text, 'raise maxmemory, or lower ATTRIBUTION_STATE_DAYS: at the limit writes are refused and stages wait')
    : good(text)
}

const persistence = (field: (name: string) => string): CheckResult => {
  if (field('aof_enabled') === '1') {
    return field('aof_last_write_status') === 'err'
      ? bad('Redis cannot write its append-only file', 'check its disk: after a loss of data signals may be sent twice')
      : good('Redis persists its data (append-only file); what a crash loses nevertheless, the stages rebuild')
  }
  if (field('rdb_last_bgsave_status') === 'err')
    return bad('Redis cannot write its snapshots', 'check its disk: after a loss of data signals may be sent twice')
  const saved = Number(field('rdb_last_save_time'))
  const unsaved = Number(field('rdb_changes_since_last_save'))
  const since = saved > 0 ? ` (${unsaved} changes since ${new Date(saved * 1000).toISOString()})` : ''
  return warning(
    `Redis keeps no append-only file: a restart would lose all since its last snapshot${since}`,
    'set appendonly yes and appendfsync everysec: then the stages rebuild seconds after a crash, not all of that time',
  )
}

/** The time lies somewhere between question and answer, which may be seconds apart on a busy machine. ms; 0: nothing shows a difference. */
const skewOf = (time: number, askedAt: number, answeredAt: number): number =>
  Math.min(0, time - askedAt) + Math.max(0, time - answeredAt)

export const redis = async ({ redis: open, clock }: DiagnosticsContext): Promise<CheckResult[]> => {
  const askedAt = clock.now()
  const info = await open().info()
  const field = (name: string) => info.get(name) ?? 'unknown'
  const version = field('redis_version')
  const policy = field('maxmemory_policy')
  const micros = Number(field('server_time_usec'))
  const skew = Number.isFinite(micros) ? skewOf(micros / 1000, askedAt, clock.now()) : 0
  return [
    isOlder(version)
      ? bad(`Redis ${version} is too old`, `use Redis ${minVersion.join('.')} or later`)
      : good(`Redis ${version} answers`),
    policy === 'noeviction'
      ? good('Redis evicts nothing')
      : bad(
          `Redis evicts keys (${policy})`,
          'set maxmemory-policy noeviction: an evicted record may make a signal count twice',
        ),
    persistence(field),
    memory(field),
    Math.abs(skew) > maxSkewMs
      ? bad(
          `the clock of Redis is ${Math.abs(skew / 1000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's`,
          'synchronise the clocks (NTP)',
        )
      : good("the clock of Redis agrees with this machine's"),
  ]
}
