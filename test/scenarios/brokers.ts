/**
 * `make brokers-scenario`: three brokers with three copies, one of which is killed (-9) every 20 s under load and comes back 8 s later, and
 * two processes of each stage and of the gateway, one of which is killed in between, every 20 s too. Sources use both gateways. Every message is the first of its conversation and contains a keyword, so each must reach TikTok as exactly two events.
 *
 *   node test/scenarios/brokers.ts [--minutes 2] [--rate 60] [--session 9]     minutes of load; messages a second; time after which the
 *   controllers take a silent broker for dead, s
 */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { type Request, whatsappSecret, whatsappText } from '../../services/local/demo/webhooks.ts'
import { readSecrets, readState } from '../../services/local/supervisor/state-file.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { Cluster } from '../../services/runtime/adapters/kafka/platformatic/wire/cluster.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { stageNames, topics } from '../../services/topology.ts'
import { SecondProcess, type SecondStage } from '../chaos/second.ts'
import { eventually } from '../support/eventually.ts'
import { KafkaCluster } from '../support/kafka-cluster.ts'
import { freePort } from '../support/own-kafka.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'
import { Checks, print, quantile, ReceivedEvents, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    rate: { type: 'string', default: '60' },
    session: { type: 'string', default: '9' },
  },
})
const loadMs = Number(values.minutes) * 60_000
const rate = Number(values.rate)
const killEveryMs = 20_000
const awayMs = 8_000
const catchUpMs = 90_000

const sessionMs = Number(values.session) * 1_000

const cluster = await KafkaCluster.start([
  `broker.session.timeout.ms=${sessionMs}`,
  `broker.heartbeat.interval.ms=${Math.min(2_000, sessionMs / 6)}`,
])
const checks = new Checks()
let world: World | undefined
let seconds: readonly SecondProcess[] = []
try {
  const broker = openBroker(kafkaSettingsOf({}, cluster.brokers, 'scenario'))
  for (let nodes = 0; nodes < cluster.nodes.length; await sleep(200))
    nodes = await broker.describe().then(
      (found) => found.nodes,
      () => 0,
    )
  world = await openWorld({
    LOG_LEVEL: 'warn',
    KAFKA_BROKERS: cluster.brokers,
    ATTRIBUTION_WAIT: '0s',
    SIMULATOR_KEEP: '2000000',
  })
  const own = (await broker.listTopics()).filter(({ name }) => name.endsWith('.v1'))
  const copies = new Set(own.map(({ replication, config }) => `${replication}/${config['min.insync.replicas']}`))
  checks.check(
    'topics have three copies, two of which must have a record',
    [...copies].join() === '3/2',
    [...copies].join(),
  )
  await connectTwo(world)

  const { brokers: _one, redis, registry, simulator, gateway } = world.pipeline.ready
  const secondGateway = await freePort()
  const env = {
    ...process.env,
    ...readSecrets(world.dataDir),
    LOG_LEVEL: 'warn',
    KAFKA_BROKERS: cluster.brokers,
    REDIS_URL: redis,
    SCHEMA_REGISTRY_URL: registry,
    TIKTOK_BASE_URL: simulator,
    WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
    ATTRIBUTION_WAIT: '0s',
    GATEWAY_PORT: String(secondGateway),
    SIGNALS_DATA_DIR: world.dataDir,
    METRICS_PORT: '0',
  }
  seconds = stageNames.map((stage) => new SecondProcess(stage as SecondStage, 0, env, tmpdir()))
  const gateways = [gateway, `http://127.0.0.1:${secondGateway}`]
  await eventually(
    'the second gateway',
    () =>
      fetch(gateways[1] as string).then(
        () => true,
        () => false,
      ),
    60_000,
  )

  const tiktok = new ReceivedEvents(world.pipeline.ready.simulator)
  const begin = Date.now() - 3_600_000
  const started = Date.now()
  const underWay: Promise<{ tries: number; ms: number }>[] = []
  const acceptedAt: number[] = []
  const killedAt: number[] = []
  /** ms of each answer of 200 */
  const answerTimes: number[] = []
  /** As a source behind a load balancer: the next try may reach the other gateway. */
  const untilAccepted = async (n: number, { path, headers, body }: Request): Promise<number> => {
    for (let tries = 1; ; tries++) {
      const askedAt = Date.now()
      const status = await fetch(`${gateways[(n + tries) % 2]}${path}`, { method: 'POST', headers, body }).then(
        (response) => response.status,
        () => 0,
      )
      if (status === 200) {
        answerTimes.push(Date.now() - askedAt)
        return tries
      }
      if (tries > 600) throw new Error(`not accepted after ${tries} tries, last status ${status}`)
      await sleep(Math.min(1_000, 100 * tries))
    }
  }
  const post = async (n: number) => {
    const postedAt = Date.now()
    const text = whatsappText(`52155${String(n).padStart(8, '0')}`, `wamid.brokers.${n}`, 'hola, pago', begin + n)
    const tries = await untilAccepted(n, text)
    acceptedAt.push(Date.now())
    return { tries, ms: Date.now() - postedAt }
  }
  /** When the cluster led all partitions without the broker, and waited for it in none, ms; undefined: not before it was back. */
  const movedAt: (number | undefined)[] = []
  const asked = new Cluster(kafkaSettingsOf({}, cluster.brokers, 'scenario-leaders'))
  const untilMoved = async (id: number, n: number, untilMs: number) => {
    for (; Date.now() < untilMs; await sleep(100)) {
      const found = await asked.metadata([topics.channelEvents.name], true).catch(() => null)
      const partitions = found?.topics.get(topics.channelEvents.name)?.partitions ?? []
      const isMoved = ({ leader, isr }: { leader: number; isr: number[] }) =>
        leader >= 0 && leader !== id && !isr.includes(id)
      if (partitions.length === 0 || !partitions.every(isMoved)) continue
      movedAt[n] = Date.now()
      return
    }
  }
  let kills = 0
  const killing = (async () => {
    for (let at = killEveryMs / 2; at + awayMs < loadMs; at += killEveryMs) {
      await sleep(started + at - Date.now())
      const { id } = cluster.nodes[kills % cluster.nodes.length] as { id: number }
      await cluster.kill(id)
      killedAt.push(Date.now())
      void untilMoved(id, kills, started + at + killEveryMs)
      kills++
      print(`killed broker ${id} after ${underWay.length} messages`)
      await sleep(awayMs)
      cluster.resume(id)
    }
  })()
  let stageKills = 0
  const dataDir = world.dataDir
  const killingStages = (async () => {
    for (let at = killEveryMs; at + awayMs < loadMs; at += killEveryMs) {
      await sleep(started + at - Date.now())
      const stage = stageNames[stageKills % stageNames.length] as string
      // In turn the one of `signals up` and the second one.
      const isSecond = Math.floor(stageKills / stageNames.length) % 2 === 1
      const pid = isSecond ? seconds.find((one) => one.stage === stage)?.pid : readState(dataDir)?.children[stage]?.pid
      stageKills++
      if (pid) process.kill(pid, 'SIGKILL')
      print(`killed ${isSecond ? 'the second' : 'the first'} ${stage} after ${underWay.length} messages`)
    }
  })()
  while (Date.now() - started < loadMs) {
    const due = Math.floor(((Date.now() - started) * rate) / 1_000)
    while (underWay.length < due) underWay.push(post(underWay.length))
    await sleep(10)
  }
  await killing
  await killingStages
  const posted = await Promise.all(underWay)
  const loaded = Date.now()
  const expected = posted.length * 2
  await tiktok.until(expected, catchUpMs).catch((error: Error) => print(error.message))
  const behindMs = Date.now() - loaded
  await sleep(2_000)
  const found = await tiktok.poll()
  const repeated = [...tiktok.times.values()].reduce((sum, times) => sum + times - 1, 0)
  const times = posted.map(({ ms }) => ms)
  acceptedAt.sort((a, b) => a - b)
  /** s between two accepted messages, in the time until the next kill */
  const silenceAfter = (at: number) => {
    const own = [at, ...acceptedAt.filter((one) => one > at && one < at + killEveryMs)]
    return own.slice(1).reduce((longest, one, n) => Math.max(longest, one - (own[n] as number)), 0) / 1_000
  }
  print('')
  print(`brokers killed       ${kills}, stages ${stageKills}`)
  print(
    `messages sent        ${posted.length}, ${posted.filter(({ tries }) => tries > 1).length} of them more than once`,
  )
  print(
    `until accepted       median ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${quantile(times, 1)} ms`,
  )
  print(
    `gateway's answers    median ${quantile(answerTimes, 0.5)} ms, p99 ${quantile(answerTimes, 0.99)} ms, longest ${quantile(answerTimes, 1)} ms`,
  )
  const movedAfter = killedAt.map((at, n) =>
    movedAt[n] === undefined ? 'never' : ((movedAt[n] - at) / 1_000).toFixed(1),
  )
  print(`longest silence      ${killedAt.map((at) => silenceAfter(at).toFixed(1)).join(', ')} s after each kill`)
  print(
    `Kafka went on        ${movedAfter.join(', ')} s after each kill, with other leaders and without the broker's copies`,
  )
  print(`signals expected     ${expected}`)
  print(`signals at TikTok    ${found}, all ${(behindMs / 1_000).toFixed(1)} s after the load`)
  print(`sent again, same id  ${repeated}`)
  print('')
  checks.check(
    'brokers and stages were killed under load',
    kills > 0 && stageKills > 0,
    `${kills} brokers, ${stageKills} stages`,
  )
  checks.check('nothing is lost', found >= expected, `${expected - found} missing`)
  checks.check('nothing counts twice', found <= expected, `${found - expected} too many`)
  await broker.close()
  await asked.close()
} catch (error) {
  checks.failed++
  print(`failed: ${(error as Error).message}`)
} finally {
  await Promise.all(seconds.map((one) => one.stop()))
  await world?.stop()
  await cluster.stop()
}
print(checks.failed > 0 ? '\nFAILED' : '\nnothing lost, nothing counted twice')
process.exit(checks.failed > 0 ? 1 : 0)
