/**
 * `make attribution-scenario`: TikTok conversations whose referral comes before their message, after it, or never, with a further
 * message right after the first. Two attribution processes share the work; during the load one is killed, one is stopped, and Redis is
 * emptied. Every conversation and every keyword must be reported once and credited to its own ad.
 *
 *   node test/scenarios/attribution.ts [--conversations 300] [--rate 20]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { tiktokReferral, tiktokText } from '../../services/local/demo/webhooks.ts'
import { readSecrets } from '../../services/local/supervisor/state-file.ts'
import { connectTwo, openWorld } from '../support/world.ts'

const { values } = parseArgs({
  options: { conversations: { type: 'string', default: '300' }, rate: { type: 'string', default: '20' } },
})
const conversations = Number(values.conversations)
const gapMs = 1000 / Number(values.rate)
const waitMs = 12_000
const print = (line: string) => process.stdout.write(`${line}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

type Kind = 'before' | 'after' | 'never'
const kinds: readonly Kind[] = ['before', 'after', 'after', 'never']
const kindOf = (n: number) => kinds[n % kinds.length] as Kind
const adOf = (n: number) => String(1_780_000_000_000_000_000n + BigInt(n))

const world = await openWorld({ LOG_LEVEL: 'warn', ATTRIBUTION_WAIT: `${waitMs}ms` })
const { brokers, redis, registry } = world.pipeline.ready
let second: ChildProcess | null = null
let failed = true
try {
  await connectTwo(world)
  const main = join(import.meta.dirname, '../../services/attribution/main.ts')
  const startSecond = () => {
    second = spawn(process.execPath, [main], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        ...readSecrets(world.dataDir),
        KAFKA_BROKERS: brokers,
        REDIS_URL: redis,
        SCHEMA_REGISTRY_URL: registry,
        ATTRIBUTION_WAIT: `${waitMs}ms`,
        LOG_LEVEL: 'warn',
      },
    })
  }
  startSecond()
  await sleep(3_000)

  const begin = Date.now()
  const converse = async (n: number) => {
    const id = `scenario-${n}`
    const at = begin + n
    const referral = tiktokReferral(id, adOf(n), at - 1_000)
    if (kindOf(n) === 'before') await world.deliver(referral)
    await world.deliver(tiktokText(id, `${id}-1`, 'hola', at))
    await world.deliver(tiktokText(id, `${id}-2`, 'ya hice el pago', at + 50))
    // 0.2 to 2.6 s after the messages.
    if (kindOf(n) === 'after') {
      await sleep(200 + (n % 7) * 400)
      await world.deliver(referral)
    }
  }
  const events: readonly [number, string, () => Promise<unknown> | unknown][] = [
    [
      0.25,
      'Redis is emptied',
      async () => {
        const client = new Redis(redis)
        await client.flushall()
        client.disconnect()
      },
    ],
    [
      0.45,
      'the first attribution process is killed',
      () => process.kill(world.pipeline.ready.pids.attribution as number, 'SIGKILL'),
    ],
    [0.65, 'the second is stopped', () => second?.kill('SIGTERM')],
    [0.75, 'and started again', startSecond],
  ]
  const due = [...events]
  const underWay: Promise<void>[] = []
  for (let n = 0; n < conversations; n++) {
    while (due[0] && n >= due[0][0] * conversations) {
      const [, what, act] = due.shift() as (typeof events)[number]
      print(`after ${n} conversations: ${what}`)
      await act()
    }
    underWay.push(converse(n))
    await sleep(gapMs)
  }
  await Promise.all(underWay)

  const expected = conversations * 2
  const end = Date.now() + 90_000
  let ids = 0
  while (ids < expected && Date.now() < end) {
    await sleep(500)
    ids = new Set((await world.arrived()).map(({ event_id }) => event_id)).size
  }
  await sleep(3_000)
  const arrived = await world.arrived()
  const reported = new Map(arrived.map((event) => [event.event_id, event]))
  const count = (kind: Kind) =>
    Array.from({ length: conversations }, (_, n) => n).filter((n) => kindOf(n) === kind).length
  const credited = new Map<string, number>()
  for (const { event, user } of reported.values()) {
    const key = `${event} ${user.ttclid ?? 'none'}`
    credited.set(key, (credited.get(key) ?? 0) + 1)
  }
  const right = (event: string) =>
    Array.from({ length: conversations }, (_, n) => n).filter(
      (n) => kindOf(n) !== 'never' && credited.get(`${event} ${adOf(n)}`) === 1,
    ).length
  const withAd = count('before') + count('after')
  const rows = [
    ['signals', reported.size, expected],
    ['conversations credited to their ad', right('Conversation'), withAd],
    ['keywords credited to their ad', right('Keyword'), withAd],
    ['conversations without an ad', credited.get('Conversation none') ?? 0, count('never')],
    ['keywords without an ad', credited.get('Keyword none') ?? 0, count('never')],
  ] as const
  for (const [what, found, wanted] of rows) print(`${what.padEnd(36)}${String(found).padStart(6)} of ${wanted}`)
  print(`${'sent again, same id'.padEnd(36)}${String(arrived.length - reported.size).padStart(6)}`)
  failed = rows.some(([, found, wanted]) => found !== wanted)
} catch (error) {
  print(`failed: ${(error as Error).message}`)
} finally {
  ;(second as ChildProcess | null)?.kill('SIGTERM')
  await world.stop()
}
print(failed ? '\nFAILED' : '\neach reported once and credited to its own ad')
process.exit(failed ? 1 : 0)
