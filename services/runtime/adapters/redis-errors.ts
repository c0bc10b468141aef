/** Translates errors of Redis and ioredis into DependencyErrors that name the setting and the remedy. */
import { DependencyError } from '../ports.ts'
import { SlotsApart } from '../script-slots.ts'
import { tlsProblem } from './tls.ts'

export const commandTimeoutMs = 5_000

/** Our messages for connection errors of ioredis, by the beginning of its message. */
const connectionErrors: readonly (readonly [string, string])[] = [
  ['Command timed out', `Redis does not answer within ${commandTimeoutMs / 1000} s: it hangs, or is overloaded`],
  ['Connection is closed', 'Redis cannot be reached (connection closed)'],
  ['Reached the max retries', 'Redis cannot be reached: is it running, and is REDIS_URL right?'],
]

const reset =
  'Redis closes connections: is it running, is TLS right in REDIS_URL (rediss:// or redis://), does it demand REDIS_CERT and REDIS_KEY?'

/** By the kind of the error. */
const hints: Readonly<Record<string, string>> = {
  OOM: 'Redis is out of memory (maxmemory reached): raise it, the policy must be noeviction',
  READONLY: 'Redis is a read-only replica: point REDIS_URL at the primary',
  NOAUTH: 'Redis requires a password: put it into REDIS_URL',
  WRONGPASS: 'Redis refuses user or password of REDIS_URL: check both',
  NOPERM:
    'Redis denies the user of REDIS_URL a command or a key: grant it what docs/operators/connecting.md lists (ACL SETUSER)',
  ETIMEDOUT: 'Redis does not complete the connection: check host, port and TLS (redis:// or rediss://) of REDIS_URL',
  ECONNRESET: reset,
  EPIPE: reset,
  ENOTFOUND: 'no host has the name in REDIS_URL: check it',
  LOADING: 'Redis is loading its data set',
  MISCONF: 'Redis cannot persist to disk and refuses writes: check its disk',
  CLUSTERDOWN: 'the Redis cluster does not serve all slots: check its nodes',
  ClusterAllFailedError: 'no node of the Redis cluster answers: check REDIS_URL',
  MOVED: 'Redis is a node of a cluster: add ?cluster=true to REDIS_URL',
  CROSSSLOT: 'Redis is a node of a cluster: add ?cluster=true to REDIS_URL',
}

const names = { server: 'Redis', caSetting: 'REDIS_CA', addressSetting: 'REDIS_URL' }
const noSentinel = /^All sentinels are unreachable/
/** Failures of a command that only say that there is no connection. */
const withoutConnection =
  /^(?:Command timed out|Connection is closed|Reached the max retries|Stream isn't writeable|Failed to refresh slots)/

const kindOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : ''
  // Redis 7: `ERR ACL failure in script: …`
  if (/ACL failure in script|executing the script can't run/.test(text)) return 'NOPERM'
  return (
    /^[A-Z]{3,20}(?= )/.exec(text)?.[0] ?? (error as { code?: string })?.code ?? (error as Error)?.name ?? 'unknown'
  )
}

const isRefused = (error: unknown): error is { readonly address: string; readonly port: number } => {
  const { code, address } = (error ?? {}) as { code?: unknown; address?: unknown }
  return code === 'ECONNREFUSED' && typeof address === 'string'
}

/** Why a connection failed, where there is a remedy of its own. */
const connectionProblem = (error: unknown): string | undefined => {
  const text = error instanceof Error ? error.message : ''
  if (noSentinel.test(text))
    return `no sentinel of REDIS_URL knows the primary: check their addresses, ?sentinel=name and REDIS_SENTINEL_PASSWORD`
  if (/certificate required|bad certificate|unknown ca/i.test(text))
    return 'Redis demands another client certificate: set REDIS_CERT and REDIS_KEY to one that it trusts'
  if (isRefused(error))
    return `Redis: no process listens at ${error.address}:${error.port}: start Redis, or set REDIS_URL to where it listens`
  return tlsProblem(error, names) ?? hints[kindOf(error)]
}

/** Whether the error says more than that the connection was closed. */
export const hasRemedy = (connectionError: unknown): boolean =>
  !isRefused(connectionError) && ![undefined, reset].includes(connectionProblem(connectionError))

/**
 * Errors of ioredis may quote commands and arguments, so only the kind of error is passed on.
 * @param connectionError the last error of a connection that was not established since
 */
export const toRedisError = (error: unknown, connectionError?: unknown): DependencyError => {
  const text = error instanceof Error ? error.message : ''
  const kind = kindOf(error)
  // A server without TLS, or one whose login failed, accepts the connection and refuses each command.
  if (withoutConnection.test(text) || kind === 'ClusterAllFailedError' || kind === 'NOAUTH') {
    const problem = connectionProblem(connectionError)
    if (problem !== undefined) return new DependencyError('redis', problem)
  }
  const message = connectionErrors.find(([begin]) => text.startsWith(begin))?.[1]
  if (message) return new DependencyError('redis', message)
  if (kind === 'CROSSSLOT') return new SlotsApart('redis', hints.CROSSSLOT as string)
  return new DependencyError('redis', connectionProblem(error) ?? `Redis does not answer (${kind}); check REDIS_URL`)
}
