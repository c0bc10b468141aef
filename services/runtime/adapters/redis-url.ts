/**
 * Parses REDIS_URL. One server: `redis://[[user]:password@]host[:port][/db]`. A cluster: several comma-separated nodes, or one with
 * `?cluster=true`; the client discovers the other nodes. Sentinels: their nodes and `?sentinel=name`, the name of the primary; user,
 * password and database are those of the primary. `rediss://` uses TLS.
 */
export interface RedisAddress {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly cluster: boolean
  /** The name by which sentinels, the nodes, know the primary. */
  readonly sentinel?: string
  readonly username?: string
  readonly password?: string
  readonly tls: boolean
  /** Always 0 on a cluster, which has one database only. */
  readonly db: number
}

const shape = /^(rediss?):\/\/(?:([^/?]*)@)?([^/?@]+)(?:\/(\d*))?(?:\?(.*))?$/
const node = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i
const defaultPort = 6379
const defaultSentinelPort = 26_379

const optionsIn = (query: string | undefined) => {
  const options = new URLSearchParams(query)
  return {
    cluster: options.get('cluster') === 'true',
    sentinel: options.get('sentinel') ?? undefined,
    unknown: [...options.keys()].find((name) => name !== 'cluster' && name !== 'sentinel'),
  }
}

/** Describes what is wrong with the URL, without quoting it; undefined when it is valid. */
export const redisUrlProblem = (url: string): string | undefined => {
  const [, , , hosts, db, query] = shape.exec(url) ?? []
  if (hosts === undefined)
    return 'must be a redis:// or rediss:// URL: redis://[user:password@]host:port[,host:port…][/db]'
  if (!hosts.split(',').every((one) => node.test(one))) return 'each node must be host or host:port'
  const { cluster, sentinel, unknown } = optionsIn(query)
  if (unknown !== undefined) return `has the unknown option ${unknown}: cluster=true and sentinel=name are known`
  if (sentinel === '') return 'sentinel must name the primary: ?sentinel=name'
  if (cluster && sentinel !== undefined) return 'is either a cluster or has sentinels: keep one of the options'
  const clustered = sentinel === undefined && (cluster || hosts.includes(','))
  if (clustered && db && db !== '0') return 'a cluster has only database 0'
  return undefined
}

/** @throws RangeError for an invalid URL */
export const parseRedisUrl = (url: string): RedisAddress => {
  const problem = redisUrlProblem(url)
  if (problem) throw new RangeError(`REDIS_URL ${problem}`)
  const [, scheme, credentials, hosts = '', db, query] = shape.exec(url) ?? []
  const { cluster, sentinel } = optionsIn(query)
  const implied = sentinel === undefined ? defaultPort : defaultSentinelPort
  const nodes = hosts.split(',').map((one) => {
    const [, host = '', port] = node.exec(one) ?? []
    return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? implied : Number(port) }
  })
  const colon = credentials?.indexOf(':') ?? -1
  const username =
    credentials === undefined ? '' : decodeURIComponent(colon < 0 ? credentials : credentials.slice(0, colon))
  const password = colon < 0 ? '' : decodeURIComponent((credentials as string).slice(colon + 1))
  return {
    nodes,
    cluster: sentinel === undefined && (cluster || nodes.length > 1),
    ...(sentinel === undefined ? {} : { sentinel }),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    tls: scheme === 'rediss',
    db: Number(db || 0),
  }
}
