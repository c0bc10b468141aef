/**
 * `make brokers-scenario`: three brokers with three copies, one of which is killed (-9) every 20 s under load and comes back 8 s later.
 * Every message is the first of its conversation and contains a keyword, so each must reach TikTok as exactly two events.
 *
 *   node test/scenarios/brokers.ts [--minutes 2] [--rate 60] [--session 9]     minutes of load; messages a second; time after which the
 *   controllers take a silent broker for dead, s
 */
import { parseArgs } from 'node:util'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { Cluster } from '../../services/runtime/adapters/kafka/platformatic/wire/cluster.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { topics } from '../../services/topology.ts'
import { KafkaCluster } from '../support/kafka-cluster.ts'
import { connectTwo, openWorld, untilAccepted, type World } from '../support/world.ts'
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
try {
  const broker = openBroker(kafkaSettingsOf({}, cluster.brokers, 'scenario'))
  for (let nodes = 0; nodes < cluster.nodes.length; await sleep(200))
    nodes = await broker.describe().then(
      (found) => found.nodes,
      () => 0,
    )
  world = await openWorld({ LOG_LEVEL: 'warn', KAFKA_BROKERS: cluster.brokers, ATTRIBUTION_WAIT: '0s' })
  const own = (await broker.listTopics()).filter(({ name }) => name.endsWith('.v1'))
  const copies = new Set(own.map(({ replication, config }) => `${replication}/${config['min.insync.replicas']}`))
  checks.check(
    'topics have three copies, two of which must have a record',
    [...copies].join() === '3/2',
    [...copies].join(),
  )
  await connectTwo(world)

  const tiktok = new ReceivedEvents(world.pipeline.ready.simulator)
  const begin = Date.now() - 3_600_000
  const started = Date.now()
  const underWay: Promise<{ tries: number; ms: number }>[] = []
  const acceptedAt: number[] = []
  const killedAt: number[] = []
  const post = async (n: number, pipeline: World) => {
    const postedAt = Date.now()
    const text = whatsappText(`52155${String(n).padStart(8, '0')}`, `wamid.brokers.${n}`, 'hola, pago', begin + n)
    const tries = await untilAccepted(pipeline, text)
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
  while (Date.now() - started < loadMs) {
    const due = Math.floor(((Date.now() - started) * rate) / 1_000)
    while (underWay.length < due) underWay.push(post(underWay.length, world))
    await sleep(10)
  }
  await killing
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
  print(`brokers killed       ${kills}`)
  print(
    `messages sent        ${posted.length}, ${posted.filter(({ tries }) => tries > 1).length} of them more than once`,
  )
  print(
    `until accepted       median ${quantile(times, 0.5)} ms, p99 ${quantile(times, 0.99)} ms, longest ${Math.max(...times)} ms`,
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
  checks.check('brokers were killed under load', kills > 0, String(kills))
  checks.check('nothing is lost', found >= expected, `${expected - found} missing`)
  checks.check('nothing counts twice', found <= expected, `${found - expected} too many`)
  await broker.close()
  await asked.close()
} catch (error) {
  checks.failed++
  print(`failed: ${(error as Error).message}`)
} finally {
  await world?.stop()
  await cluster.stop()
}
print(checks.failed > 0 ? '\nFAILED' : '\nnothing lost, nothing counted twice')
process.exit(checks.failed > 0 ? 1 : 0)
