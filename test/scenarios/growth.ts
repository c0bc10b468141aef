/**
 * `make growth-scenario`: a pipeline of real processes gets more partitions by docs/scaling.md: drain, then grow. Conversations begin before and go on
 * after, so that a lost state would start one again. While records wait, growing must be refused.
 *
 *   node test/scenarios/growth.ts [--partitions 24] [--conversations 300]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runSignals } from '../../services/local/demo/pipeline.ts'
import { whatsappSecret } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { topics } from '../../services/topology.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { RedisServer } from '../support/redis-servers.ts'
import { whatsappConnection } from '../support/world.ts'
import { Ledger, OwnRegistry, openTikTok } from './recovery-parts.ts'
import { type ProcessName, Release, type RunningProcess } from './release.ts'
import { Checks, print, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: { partitions: { type: 'string', default: '24' }, conversations: { type: 'string', default: '300' } },
})
const conversations = Number(values.conversations)
const stages: readonly ProcessName[] = ['ingest', 'attribution', 'keywords', 'dispatch']

const checks = new Checks()
const here = Release.here()
const dir = mkdtempSync(join(tmpdir(), 'signals-growth-'))
const kafka = await OwnKafka.start()
const registry = await OwnRegistry.start()
const redis = await RedisServer.start('--maxmemory-policy', 'noeviction')
const tiktok = await openTikTok()
const ledger = new Ledger(tiktok.url)
const env: NodeJS.ProcessEnv = {
  ...process.env,
  LOG_LEVEL: 'warn',
  SIGNALS_DATA_DIR: join(dir, 'data'),
  SIGNALS_MASTER_KEY: Buffer.alloc(32, 14).toString('base64'),
  KAFKA_BROKERS: kafka.addresses.plain,
  SCHEMA_REGISTRY_URL: registry.url,
  REDIS_URL: redis.url,
  TIKTOK_BASE_URL: tiktok.url,
  WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
  ATTRIBUTION_WAIT: '0s',
}
const running = new Map<ProcessName, RunningProcess>()
const start = async (names: readonly ProcessName[]) => {
  for (const name of names) running.set(name, await here.start(name, env))
}
const stop = async (names: readonly ProcessName[]) => {
  for (const name of names) await running.get(name)?.stop()
}
const sources = { ready: { gateway: '' } }
const startGateway = async () => {
  await start(['gateway'])
  sources.ready.gateway = (running.get('gateway') as RunningProcess).url
}
const send = (isFirst: boolean) =>
  Promise.all(Array.from({ length: conversations }, (_, n) => ledger.deliver(sources, ledger.message(n, isFirst))))
const grow = () => runSignals(['topics', 'apply', '--partitions', values.partitions], env)
const compare = async (what: string) => {
  const arrived = await ledger.settle(90_000)
  await sleep(2_000)
  await ledger.poll()
  checks.check(`${what}: nothing is lost`, arrived, `${ledger.missing().length} of ${ledger.expected.size} missing`)
  checks.check(`${what}: nothing counts twice`, ledger.tooMany().length === 0, `${ledger.tooMany().length}`)
}

try {
  await here.signals(env, 'topics', 'apply')
  await startGateway()
  await start(stages)
  writeFileSync(join(dir, 'connection.json'), JSON.stringify(whatsappConnection))
  writeFileSync(join(dir, 'keywords.csv'), 'keyword,flag\npago,payment\n')
  await here.signals(env, 'connections', 'add', '--file', join(dir, 'connection.json'))
  await here.signals(env, 'keywords', 'import', join(dir, 'keywords.csv'))
  await send(true)
  await compare('before')

  await stop(stages)
  await send(false)
  await running.get('gateway')?.stop()
  const refused = await grow()
  checks.check('partitions are not added while records wait', refused.code === 3, refused.stderr.trim().slice(0, 160))
  await start(stages)
  const began = Date.now()
  for (;;) {
    const plan = JSON.parse(await here.signals(env, 'topics', 'plan', '--partitions', values.partitions, '--json')) as {
      waiting: object[]
    }
    if (plan.waiting.length === 0) break
    if (Date.now() - began > 120_000) throw new Error(`not drained: ${JSON.stringify(plan.waiting)}`)
    await sleep(1_000)
  }
  print(`drained in ${((Date.now() - began) / 1_000).toFixed(1)} s`)
  await stop(stages)
  const grown = await grow()
  checks.check(
    'partitions are added once every group is at its end',
    grown.code === 0,
    grown.stderr.trim().slice(0, 160),
  )
  await startGateway()
  await start(stages)
  await send(false)
  await compare(`with ${values.partitions} partitions`)

  const broker = openBroker(kafkaSettingsOf({}, kafka.addresses.plain, 'scenario'))
  const written = [...(await broker.offsetsAt(topics.messages.name, 8.64e15)).values()]
  await broker.close()
  const used = written.slice(6).filter((end) => end > 0n).length
  checks.check(
    'conversations spread over the new partitions',
    used > 0,
    `${used} of ${written.length - 6} new ones have messages`,
  )
} catch (error) {
  checks.failed++
  print(`failed: ${(error as Error).message}`)
} finally {
  for (const one of running.values()) one.kill()
  await Promise.all([kafka.stop(), registry.lose(), redis.stop()])
  tiktok.close()
  rmSync(dir, { recursive: true, force: true })
}
print(checks.failed > 0 ? '\nFAILED' : '\nnothing lost, nothing counted twice')
process.exit(checks.failed > 0 ? 1 : 0)
