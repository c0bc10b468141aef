/**
 * `make upgrade-scenario`: replaces the processes of another version by those of this one under load, in the order of docs/upgrading.md.
 * Each new process runs beside the one that it replaces, so that both versions share each group, and write to and read from each topic.
 * With `--back` it then goes back the same way. Every message has a second of its own, so each event at TikTok is held against it.
 *
 *   node test/scenarios/upgrade.ts [--ref v0.1.0] [--rate 10] [--back] [--lag 5]     a tag or commit; messages a second; s
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { whatsappSecret } from '../../services/local/demo/webhooks.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { RedisServer } from '../support/redis-servers.ts'
import { whatsappConnection } from '../support/world.ts'
import { Ledger, OwnRegistry, openTikTok } from './recovery-parts.ts'
import { type ProcessName, Release, type RunningProcess } from './release.ts'
import { Checks, print, quantile, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: {
    ref: { type: 'string', default: 'v0.1.0' },
    rate: { type: 'string', default: '10' },
    lag: { type: 'string', default: '5' },
    back: { type: 'boolean', default: false },
  },
})
const rate = Number(values.rate)
/** How long both versions run beside each other in each step, ms. */
const besideMs = 5_000
/** Who reads comes before who writes. */
const forwards: readonly ProcessName[] = ['dispatch', 'keywords', 'attribution', 'ingest', 'gateway', 'control']

const before = Release.of(values.ref)
const here = Release.here()
const checks = new Checks()
const dir = mkdtempSync(join(tmpdir(), 'signals-upgrade-'))
const kafka = await OwnKafka.start()
const registry = await OwnRegistry.start()
const redis = await RedisServer.start('--maxmemory-policy', 'noeviction')
const tiktok = await openTikTok()
const ledger = new Ledger(tiktok.url)
const env: NodeJS.ProcessEnv = {
  ...process.env,
  LOG_LEVEL: 'warn',
  SIGNALS_DATA_DIR: join(dir, 'data'),
  SIGNALS_MASTER_KEY: Buffer.alloc(32, 13).toString('base64'),
  ADMIN_TOKEN: 'a token of the upgrade scenario',
  KAFKA_BROKERS: kafka.addresses.plain,
  SCHEMA_REGISTRY_URL: registry.url,
  REDIS_URL: redis.url,
  TIKTOK_BASE_URL: tiktok.url,
  WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
  ATTRIBUTION_WAIT: '0s',
}

const running = new Map<ProcessName, RunningProcess>()
/** Where messages go; the sources learn of a new gateway before the old one ends. */
const sources = { ready: { gateway: '' } }
let isLoading = true
let phase = `all of ${before.name}`
/** By phase, the events of its messages. */
const phases = new Map<string, string[]>()

const load = async () => {
  const underWay: Promise<void>[] = []
  const began = Date.now()
  for (let n = 0; isLoading; n++) {
    // Each second message goes on with a conversation that began ten messages ago, perhaps under the other version.
    const goesOn = n % 2 === 1 && n > 20
    const message = ledger.message(goesOn ? n - 11 : n, !goesOn)
    phases.set(phase, [...(phases.get(phase) ?? []), ...message.events])
    const refused = (error: Error) => void checks.check('a source gets its message accepted', false, error.message)
    underWay.push(ledger.deliver(sources, message).catch(refused))
    await sleep(Math.max(0, began + ((n + 1) * 1_000) / rate - Date.now()))
  }
  await Promise.all(underWay)
}

const replace = async (name: ProcessName, by: Release) => {
  phase = `${name} of both, then of ${by.name}`
  const old = running.get(name)
  // Control is there once: it refreshes tokens.
  if (name === 'control') await old?.stop()
  const next = await by.start(name, env)
  running.set(name, next)
  if (name === 'gateway') sources.ready.gateway = next.url
  await sleep(besideMs)
  const ms = name === 'control' ? 0 : await old?.stop()
  print(`${name}: replaced by ${by.name}${ms ? `, the other one ended in ${(ms / 1_000).toFixed(1)} s` : ''}`)
  await sleep(besideMs)
}

const compare = async (what: string) => {
  await ledger.settle(60_000)
  await sleep(2_000)
  await ledger.poll()
  const [missing, tooMany] = [ledger.missing(), ledger.tooMany()]
  checks.check(`${what}: nothing is lost`, missing.length === 0, `${missing.length} of ${ledger.expected.size} missing`)
  checks.check(`${what}: nothing counts twice`, tooMany.length === 0, tooMany.slice(0, 5).join(', ') || '0')
}

let loading: Promise<void> | undefined
try {
  await before.signals(env, 'topics', 'apply')
  for (const name of forwards) running.set(name, await before.start(name, env))
  sources.ready.gateway = (running.get('gateway') as RunningProcess).url
  writeFileSync(join(dir, 'connection.json'), JSON.stringify(whatsappConnection))
  writeFileSync(join(dir, 'keywords.csv'), 'keyword,flag\npago,payment\n')
  await before.signals(env, 'connections', 'add', '--file', join(dir, 'connection.json'))
  await before.signals(env, 'keywords', 'import', join(dir, 'keywords.csv'))
  loading = load()
  await sleep(10_000)
  print(`${before.name} runs under ${rate} messages a second`)

  await here.signals(env, 'topics', 'apply')
  // Its token is sealed by this version now, and processes of the other one send with it.
  await here.signals(env, 'connections', 'add', '--file', join(dir, 'connection.json'))
  for (const name of forwards) await replace(name, here)
  if (values.back) {
    // Who writes goes back first, so that nothing in the form of this version is left to read but what was written meanwhile.
    for (const name of [...forwards].reverse()) await replace(name, before)
    phase = `all of ${before.name} again`
  } else {
    await here.signals(env, 'format', 'upgrade', '--yes')
    phase = `all of ${here.name}, in its format`
  }
  await sleep(10_000)
  isLoading = false
  await loading
  await compare(values.back ? 'there and back' : 'upgrade')

  print('')
  print(`${'phase'.padEnd(52)}events  accepted → TikTok: median, p99, longest`)
  let longest = 0
  for (const [name, events] of phases) {
    const times = events.map(
      (event) => ((ledger.arrivedAt.get(event) ?? Number.NaN) - (ledger.acceptedAt.get(event) ?? 0)) / 1_000,
    )
    const most = Math.max(...times)
    longest = Math.max(longest, most)
    print(
      `${name.padEnd(52)}${String(events.length).padStart(6)}  ${[quantile(times, 0.5), quantile(times, 0.99), most].map((one) => `${one.toFixed(1)} s`).join(', ')}`,
    )
  }
  checks.check(`no signal waits ${values.lag} s or longer`, longest < Number(values.lag), `${longest.toFixed(1)} s`)
} catch (error) {
  checks.failed++
  print(`failed: ${(error as Error).message}`)
} finally {
  isLoading = false
  await loading?.catch(() => {})
  for (const one of running.values()) one.kill()
  await Promise.all([kafka.stop(), registry.lose(), redis.stop()])
  tiktok.close()
  rmSync(dir, { recursive: true, force: true })
}
print(checks.failed > 0 ? '\nFAILED' : '\nnothing lost, nothing counted twice')
process.exit(checks.failed > 0 ? 1 : 0)
