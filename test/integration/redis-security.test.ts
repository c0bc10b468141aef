import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import { redisSettingsOf } from '../../services/runtime/config.ts'
import { readHeartbeats, removeHeartbeat, writeHeartbeat } from '../../services/runtime/health/heartbeats.ts'
import { DependencyError, type RedisCommands } from '../../services/runtime/ports.ts'
import { RedisHourBuckets } from '../../services/runtime/time-buckets/hour-buckets.ts'
import { parts } from '../../services/runtime/versioned-state/store.ts'
import { emptyState } from '../../services/shared/conversations/state.ts'
import { conversationReader, RedisConversationStore } from '../../services/shared/conversations/store.ts'
import { makeCertificates } from '../support/certificates.ts'
import { conversationStoreContract } from '../support/conversation-store.contract.ts'
import { eventually } from '../support/eventually.ts'
import { heartbeatOf, heartbeatsContract } from '../support/heartbeats.contract.ts'
import { hourBucketsContract } from '../support/hour-buckets.contract.ts'
import { freePort, RedisServer, startCluster } from '../support/redis-servers.ts'

/** A server without any port ends at once: with TLS it says so, without TLS it does not know the option. */
const withTls = /not listen anywhere/.test(
  String(spawnSync('redis-server', ['--port', '0', '--tls-port', '0'], { timeout: 5_000 }).stdout ?? ''),
)
const needsTls = withTls ? describe : describe.skip
const reason = withTls ? '' : ' (needs a redis-server on PATH that was built with TLS)'

const dir = mkdtempSync(join(tmpdir(), 'signals-redis-tls-'))
const file = (name: string) => join(dir, name)
const opened: RedisCommands[] = []
const servers: { stop(): Promise<void> }[] = []
let n = 0
beforeAll(() => makeCertificates(dir))
afterAll(async () => {
  for (const redis of opened) await redis.close()
  for (const server of servers) await server.stop()
  rmSync(dir, { recursive: true, force: true })
})

const open = (env: NodeJS.ProcessEnv, url: string): RedisCommands => {
  const redis = openRedis(redisSettingsOf(env, url))
  opened.push(redis)
  return redis
}
const problem = (redis: RedisCommands) =>
  redis.getMany(['k']).then(
    () => 'none',
    (error: Error) => error.message,
  )

/** What the page tells operators to grant. */
const granted = /ACL SETUSER signals on >PASSWORD (.*)$/m.exec(
  readFileSync(join(import.meta.dirname, '../../docs/operators/connecting.md'), 'utf8'),
)?.[1]
const grantedToGateway = /ACL SETUSER signals-gateway on >PASSWORD (.*)$/m.exec(
  readFileSync(join(import.meta.dirname, '../../docs/operators/connecting.md'), 'utf8'),
)?.[1]
/** Further rights may follow, for the user that comes last. */
const userArgs = [
  ...['--requirepass', 'wonder'],
  ...['--user', ...`signals-gateway on >wonder ${grantedToGateway}`.split(' ')],
  ...['--user', ...`signals on >wonder ${granted}`.split(' ')],
]
const tlsArgs = (port: number, certificate = 'broker', clients = 'optional') => [
  ...['--tls-port', String(port), '--tls-auth-clients', clients],
  ...['--tls-cert-file', file(`${certificate}.pem`), '--tls-key-file', file(`${certificate}.key`)],
  ...['--tls-ca-cert-file', file('ca.pem')],
]

needsTls(`Redis with TLS and a user of an ACL${reason}`, () => {
  let url = ''
  let strictUrl = ''
  let expiredUrl = ''
  beforeAll(async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const
    servers.push(
      await RedisServer.start(...tlsArgs(ports[0]), ...userArgs),
      await RedisServer.start(...tlsArgs(ports[1], 'broker', 'yes')),
      await RedisServer.start(...tlsArgs(ports[2], 'expired')),
    )
    url = `rediss://signals:wonder@127.0.0.1:${ports[0]}`
    strictUrl = `rediss://127.0.0.1:${ports[1]}`
    expiredUrl = `rediss://127.0.0.1:${ports[2]}`
  })
  const ca = () => ({ REDIS_CA: file('ca.pem') })

  let store: RedisConversationStore
  beforeAll(async () => {
    store = new RedisConversationStore(open(ca(), url), 600)
    await store.begin(parts, 'first')
    await store.complete(parts, 'first')
  })
  conversationStoreContract('Redis with TLS and a user of an ACL', () => store)
  hourBucketsContract(
    'Redis with TLS and a user of an ACL',
    async (options) => new RedisHourBuckets(open(ca(), url), { prefix: `it-${n++}`, ttlSeconds: 60, ...options }),
  )

  it('grants the user the questions of the doctor, and nothing of an administrator', async () => {
    const redis = open(ca(), url)
    expect((await redis.info()).get('redis_version')).toMatch(/^\d/)
    await redis.ping()
    await expect(
      redis.evalMany({ name: 'flush', source: "return redis.call('FLUSHALL')" }, [{ keys: ['k'], args: [] }]),
    ).rejects.toThrow(DependencyError)
  })

  it('lets the gateway read conversations, and nothing else', async () => {
    const redis = open(ca(), url.replace('signals:', 'signals-gateway:'))
    const conversation = `a${'0'.repeat(31)}`
    await store.write([
      { conversation, state: { ...emptyState, startedAt: 5, startedBy: '000000000001', version: 1 }, basedOn: 0 },
    ])
    expect(await conversationReader(redis).read([conversation])).toMatchObject([{ startedAt: 5 }])
    await expect(redis.getMany(['breakers'])).rejects.toThrow(/ACL SETUSER/)
    await expect(redis.setMany([{ key: '{a}x', value: Buffer.from('x'), ttlSeconds: 1 }])).rejects.toThrow(
      /ACL SETUSER/,
    )
  })

  heartbeatsContract('Redis with TLS and a user of an ACL', () => open(ca(), url))

  it('lets the gateway announce itself, and nobody else in its place', async () => {
    const redis = open(ca(), url.replace('signals:', 'signals-gateway:'))
    await writeHeartbeat(redis, heartbeatOf('gateway'))
    const gateways = async () => (await readHeartbeats(open(ca(), url))).filter(({ stage }) => stage === 'gateway')
    expect(await gateways()).toMatchObject([{ host: 'worker-1' }])
    await expect(writeHeartbeat(redis, heartbeatOf('ingest'))).rejects.toThrow(DependencyError)
    await removeHeartbeat(redis, heartbeatOf('gateway'))
    expect(await gateways()).toEqual([])
  })

  it('shows a certificate of its own where the server demands one', async () => {
    const own = { ...ca(), REDIS_CERT: file('client.pem'), REDIS_KEY: readFileSync(file('client.key'), 'utf8') }
    expect(await problem(open(own, strictUrl))).toBe('none')
    expect(await problem(open(ca(), strictUrl))).toMatch(/REDIS_CERT and REDIS_KEY/)
  })

  it('says what to do', async () => {
    expect(await problem(open({}, url))).toMatch(/unknown authority: set REDIS_CA/)
    expect(await problem(open(ca(), url.replace('wonder', 'rabbit')))).toMatch(/refuses user or password of REDIS_URL/)
    expect(await problem(open(ca(), url.replace('signals:wonder@', '')))).toMatch(/password|REDIS_URL/)
    expect(await problem(open(ca(), expiredUrl))).toMatch(/certificate of Redis is not valid today: renew it/)
    const plain = (servers[0] as RedisServer).url
    expect(await problem(open(ca(), plain.replace('redis:', 'rediss:')))).toMatch(
      /check host, port and TLS \(redis:\/\/ or rediss:\/\/\)/,
    )
  })

  it('says that the user may not', async () => {
    const port = await freePort()
    const weak = ['--user', 'signals', 'on', '>wonder', '~other:*', '+@connection', '+get']
    servers.push(await RedisServer.start(...tlsArgs(port), ...weak))
    expect(await problem(open(ca(), `rediss://signals:wonder@127.0.0.1:${port}`))).toMatch(
      /denies the user.*ACL SETUSER/,
    )
  })
})

needsTls(`a cluster with TLS${reason}`, () => {
  it('is followed from node to node', async () => {
    const cluster = await startCluster((port) => [...tlsArgs(port), ...userArgs, '+cluster|slots', '+cluster|info'])
    servers.push(cluster)
    const redis = open({ REDIS_CA: file('ca.pem') }, cluster.tlsUrl.replace('://', '://signals:wonder@'))
    const keys = Array.from({ length: 32 }, (_, at) => `key-${at}`)
    await eventually('the cluster answers', async () => {
      try {
        await redis.setMany(keys.map((key) => ({ key, value: Buffer.from(key), ttlSeconds: 60 })))
        return true
      } catch (error) {
        if (error instanceof DependencyError) return false
        throw error
      }
    })
    expect((await redis.getMany(keys)).map(String)).toEqual(keys)
  })
})

describe('sentinels', () => {
  it('lead to the primary, and to the next one after a failover', async () => {
    const password = ['--requirepass', 'wonder', '--masterauth', 'wonder']
    const primary = await RedisServer.start(...password)
    const replica = await RedisServer.start(...password, '--replicaof', '127.0.0.1', String(primary.port))
    const sentinel = await RedisServer.startSentinel(
      `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
      'sentinel auth-pass main wonder',
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 3000',
      'requirepass rabbit',
    )
    servers.push(primary, replica, sentinel)
    const url = `redis://:wonder@127.0.0.1:${sentinel.port}?sentinel=main`
    const redis = open({ REDIS_SENTINEL_PASSWORD: 'rabbit' }, url)
    const set = (value: string) => redis.setMany([{ key: 'k', value: Buffer.from(value), ttlSeconds: 60 }])
    const waits = async (work: () => Promise<unknown>) =>
      eventually(
        'an answer',
        () =>
          work().then(
            () => true,
            () => false,
          ),
        20_000,
      )
    await waits(() => set('before'))
    await eventually('the replica', async () =>
      String(await replica.command('INFO', 'replication')).includes('link_status:up'),
    )
    await primary.kill()
    await waits(() => set('after'))
    expect(String((await redis.getMany(['k']))[0])).toBe('after')
    expect(String(await replica.command('ROLE'))).toMatch(/^master/)
    expect(await problem(open({}, url))).toMatch(/no sentinel of REDIS_URL knows the primary/)
  }, 60_000)
})
