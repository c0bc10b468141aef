/** Redis: what it evicts, what it keeps, how full it is, and what time it has. */
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('redis')
const leastVersion = [6, 2]
const fullShare = 0.8
const tolerableSkewMs = 1_000

const isOlder = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = leastVersion
  return major < leastMajor || (major === leastMajor && minor < leastMinor)
}

const memory = (field: (name: string) => string): CheckResult => {
  const used = Number(field('used_memory'))
  const limit = Number(field('maxmemory'))
  const machine = Number(field('total_system_memory'))
  const share = used / (limit || machine)
  const text = `Redis uses ${field('used_memory_human')} of ${limit > 0 ? field('maxmemory_human') : `the machine's ${field('total_system_memory_human')}, without a limit of its own`}`
  return Number.isFinite(share) && share > fullShare
    ? bad(text, 'raise maxmemory, or lower ATTRIBUTION_STATE_DAYS: at the limit writes are refused and stages wait')
    : good(text)
}

const persistence = (field: (name: string) => string): CheckResult => {
  if (field('aof_enabled') === '1') {
    return field('aof_last_write_status') === 'err'
      ? bad('Redis cannot write its append-only file', 'look at its disk: what it forgets may be sent twice')
      : good('Redis keeps what it knows on disk (append-only file)')
  }
  if (field('rdb_last_bgsave_status') === 'err')
    return bad('Redis cannot write its snapshots', 'look at its disk: what it forgets may be sent twice')
  return warning(
    'Redis keeps no append-only file',
    'set appendonly yes: after a restart it would have forgotten what was sent since its last snapshot',
  )
}

export const redis = async ({ redis: open, now }: DiagnosticsContext): Promise<CheckResult[]> => {
  const asked = now()
  const info = await open().info()
  const field = (name: string) => info.get(name) ?? 'unknown'
  const version = field('redis_version')
  const policy = field('maxmemory_policy')
  const micros = Number(field('server_time_usec'))
  const skew = Number.isFinite(micros) ? micros / 1000 - (asked + now()) / 2 : 0
  return [
    isOlder(version)
      ? bad(`Redis ${version} is too old`, `use Redis ${leastVersion.join('.')} or later`)
      : good(`Redis ${version} answers`),
    policy === 'noeviction'
      ? good('Redis evicts nothing')
      : bad(
          `Redis evicts keys (${policy})`,
          'set maxmemory-policy noeviction: an evicted mark is a signal counted twice',
        ),
    persistence(field),
    memory(field),
    Math.abs(skew) > tolerableSkewMs
      ? bad(
          `the clock of Redis is ${Math.abs(skew / 1000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's`,
          'synchronise the clocks (NTP)',
        )
      : good("the clock of Redis agrees with this machine's"),
  ]
}
