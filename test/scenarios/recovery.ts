/**
 * `make recovery-scenario`: loses Redis, topics, the registry, the master key and in the end Kafka with its registry, one after another,
 * under real processes, and brings each back by what docs/backups.md says. Every message has a second of its own, so that each event at
 * TikTok is held against the message that raised it. Prints for each drill what was lost (RPO) and how long until signals flow (RTO).
 *
 *   node test/scenarios/recovery.ts [--conversations 200] [--drills redis,topics,flow,registry,key,kafka]     at least 80
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { consumerGroup } from '../../services/consumer-groups.ts'
import { parkedTopic } from '../../services/derived-topics.ts'
import { type Pipeline, runSignals, startPipeline } from '../../services/local/demo/pipeline.ts'
import { whatsappSecret } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { topics } from '../../services/topology.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { RedisServer } from '../support/redis-servers.ts'
import { whatsappConnection } from '../support/world.ts'
import { Ledger, OwnRegistry, openTikTok } from './recovery-parts.ts'
import { Checks, print, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '200' },
    drills: { type: 'string', default: 'redis,topics,flow,registry,key,kafka' },
  },
})
const conversations = Number(values.conversations)
const drills = new Set(values.drills.split(','))

const checks = new Checks()
const dir = mkdtempSync(join(tmpdir(), 'signals-recovery-'))
const masterKey = Buffer.alloc(32, 11).toString('base64')
const rows: string[][] = []

let kafka = await OwnKafka.start()
const registry = await OwnRegistry.start()
const redis = await RedisServer.start('--maxmemory-policy', 'noeviction')
const tiktok = await openTikTok()
const ledger = new Ledger(tiktok.url)
let pipeline: Pipeline | undefined

const environmentOf = (key = masterKey): NodeJS.ProcessEnv => ({
  ...process.env,
  LOG_LEVEL: 'warn',
  SIGNALS_DATA_DIR: join(dir, 'pipeline'),
  SIGNALS_MASTER_KEY: key,
  KAFKA_BROKERS: kafka.addresses.plain,
  SCHEMA_REGISTRY_URL: registry.url,
  REDIS_URL: redis.url,
  TIKTOK_BASE_URL: tiktok.url,
  TIKTOK_WIRE_PROFILE: 'simulator-1',
  WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
  ATTRIBUTION_WAIT: '0s',
})
const start = async (key = masterKey) => {
  pipeline = await startPipeline(join(dir, 'pipeline'), environmentOf(key))
  return pipeline
}
const signals = async (...args: string[]) => {
  const result = await runSignals(args, environmentOf())
  if (result.code !== 0) throw new Error(`signals ${args.join(' ')}: ${result.stderr.slice(-600)}`)
  return result.stdout
}
const backUp = async (name: string) => {
  const folder = join(dir, name)
  const began = Date.now()
  const { topics: held } = JSON.parse(await signals('backup', '--to', folder, '--json')) as {
    topics: { records: number }[]
  }
  const bytes = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0)
  const records = held.reduce((sum, one) => sum + one.records, 0)
  print(
    `backup ${name}: ${records} records of ${held.length} topics, ${bytes} bytes, ${((Date.now() - began) / 1_000).toFixed(1)} s`,
  )
  return folder
}

let persons = 0
const conversationsOf = (count: number) => Array.from({ length: count }, () => ledger.message(persons++, true))
const deliverAll = (messages: readonly ReturnType<Ledger['message']>[]) =>
  Promise.all(messages.map((message) => ledger.deliver(pipeline as Pipeline, message)))
/** New conversations. @returns the persons */
const begin = async (count: number): Promise<readonly number[]> => {
  const first = persons
  await deliverAll(conversationsOf(count))
  return Array.from({ length: count }, (_, at) => first + at)
}
const goOn = (made: readonly number[]) => deliverAll(made.map((person) => ledger.message(person, false)))

/** Sends a message and waits for its signals. @param lost signals that are gone @returns s since `lostAt` */
const untilFlowing = async (what: string, lostAt: number, lost = 0): Promise<number> => {
  await begin(1)
  const isBack = () => ledger.missing().length <= lost
  for (const end = Date.now() + 120_000; Date.now() < end && !isBack(); await sleep(200)) await ledger.poll()
  checks.check(`${what}: signals flow again`, isBack(), `${ledger.missing().length} missing`)
  return (Date.now() - lostAt) / 1_000
}
const compare = async (what: string, expectedLost = 0) => {
  await sleep(2_000)
  await ledger.poll()
  const [missing, tooMany] = [ledger.missing(), ledger.tooMany()]
  checks.check(
    `${what}: nothing is lost${expectedLost ? ` beside the ${expectedLost} signals under way` : ''}`,
    missing.length === expectedLost,
    `${missing.length} missing`,
  )
  checks.check(`${what}: nothing counts twice`, tooMany.length === 0, tooMany.slice(0, 5).join(', ') || '0')
}
const row = (what: string, lost: string, seconds: number) => rows.push([what, lost, `${seconds.toFixed(1)} s`])

try {
  await start()
  writeFileSync(join(dir, 'connection.json'), JSON.stringify(whatsappConnection))
  writeFileSync(join(dir, 'keywords.csv'), 'keyword,flag\npago,payment\n')
  await signals('connections', 'add', '--file', join(dir, 'connection.json'))
  await signals('keywords', 'import', join(dir, 'keywords.csv'))
  const old = await begin(conversations)
  checks.check('before: all signals arrive', await ledger.settle(), `${ledger.arrived.size} signals`)
  const first = await backUp('first')
  const refused = await runSignals(['restore', '--from', first], environmentOf())
  checks.check('a cluster that holds something is not restored to', refused.code === 3, `exit code ${refused.code}`)
  const since = await begin(20)
  await ledger.settle()
  let last = first

  // Redis, under load.
  if (drills.has('redis')) {
    const flowing = begin(40)
    await redis.command('FLUSHALL')
    const lostAt = Date.now()
    await flowing
    const seconds = await untilFlowing('Redis lost', lostAt)
    await goOn([...old.slice(0, 20), ...since])
    await ledger.settle()
    await compare('Redis lost')
    row('Redis lost', 'nothing', seconds)
  }

  // Topics, deleted while everything runs.
  if (drills.has('topics')) {
    const lostAt = Date.now()
    const broker = openBroker(kafkaSettingsOf({}, kafka.addresses.plain, 'scenario'))
    await broker.deleteTopics([topics.touches.name, topics.keywordLists.name])
    await broker.close()
    await begin(10)
    await pipeline?.stop()
    await signals('restore', '--from', first, '--topic', topics.touches.name, topics.keywordLists.name)
    await start()
    const seconds = await untilFlowing('topics deleted', lostAt)
    await goOn([...old.slice(20, 40), ...since])
    await ledger.settle()
    await compare('topics deleted')
    row('touches.v1 and keyword-lists.v1 deleted', 'nothing; what Redis lacks since the backup', seconds)
  }

  // A topic of the flow, with messages that wait in it.
  if (drills.has('flow')) {
    await signals('connections', 'pause', whatsappConnection.connectionId)
    await begin(10)
    await sleep(5_000)
    const lostAt = Date.now()
    const broker = openBroker(kafkaSettingsOf({}, kafka.addresses.plain, 'scenario'))
    await broker.deleteTopics([parkedTopic, topics.messages.name])
    await broker.close()
    await pipeline?.stop()
    await signals('topics', 'apply')
    // Every delivery from the first one on is read again: those that wait are among them, and the others must not count twice.
    const admin = new Kafka({ brokers: [kafka.addresses.plain], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.resetOffsets({ groupId: consumerGroup('ingest'), topic: topics.channelEvents.name, earliest: true })
    await admin.disconnect()
    await start()
    await signals('connections', 'resume', whatsappConnection.connectionId)
    const seconds = await untilFlowing('flow deleted', lostAt)
    await goOn([...old.slice(20, 40), ...since])
    await ledger.settle()
    await compare('flow deleted')
    row('messages.v1 and the parked topic deleted', 'nothing; ingest read the deliveries again', seconds)
  }

  // The registry, while signals wait in Kafka under its ids.
  if (drills.has('registry')) {
    await signals('connections', 'pause', whatsappConnection.connectionId)
    await begin(10)
    await sleep(5_000)
    last = await backUp('second')
    const lostAt = Date.now()
    await registry.lose()
    await pipeline?.stop()
    await registry.begin()
    await signals('restore', '--from', last, '--schemas')
    await start()
    await signals('connections', 'resume', whatsappConnection.connectionId)
    const seconds = await untilFlowing('registry lost', lostAt)
    await compare('registry lost')
    row('registry lost', 'nothing', seconds)
  }

  // The master key.
  if (drills.has('key')) {
    const lostAt = Date.now()
    await pipeline?.stop()
    const wrong = Buffer.alloc(32, 12).toString('base64')
    const refusal = await start(wrong).then(
      () => 'it started',
      (error: Error) => error.message,
    )
    checks.check(
      'master key lost: nothing starts under another one',
      /not configured/.test(refusal),
      refusal.slice(-200),
    )
    const sealed = await runSignals(['restore', '--from', last, '--verify'], environmentOf(wrong))
    checks.check('master key lost: no backup opens under another one', sealed.code === 3, `exit code ${sealed.code}`)
    await start()
    const seconds = await untilFlowing('master key lost', lostAt)
    await goOn(old.slice(40, 60))
    await ledger.settle()
    await compare('master key lost')
    row('master key lost, and back from the safe', 'nothing', seconds)
  }

  // Kafka and its registry, with messages and signals under way.
  if (drills.has('kafka')) {
    const third = await backUp('third')
    const sent = conversationsOf(20)
    await deliverAll(sent)
    await ledger.settle()
    await signals('connections', 'pause', whatsappConnection.connectionId)
    const parked = conversationsOf(15)
    await deliverAll(parked)
    await sleep(5_000)
    // Stopped, ingest still gets what its last fetch brings. It claims that when it goes on, and has no Kafka to publish to.
    const ingest = pipeline?.ready.pids.ingest as number
    process.kill(ingest, 'SIGSTOP')
    const unread = conversationsOf(25)
    for (const message of unread) await deliverAll([message])
    const lostAt = Date.now()
    await Promise.all([kafka.stop(), registry.lose()])
    process.kill(ingest, 'SIGCONT')
    await sleep(2_000)
    await pipeline?.stop()
    kafka = await OwnKafka.start()
    await registry.begin()
    const restoredAt = Date.now()
    await signals('restore', '--from', third)
    print(`restored in ${((Date.now() - restoredAt) / 1_000).toFixed(1)} s`)
    print((await signals('offsets', 'forget', '--yes')).trim())
    await start()
    const underWay = [...parked, ...unread].flatMap(({ events }) => events).length
    const seconds = await untilFlowing('Kafka lost', lostAt, underWay)
    await compare('Kafka lost', underWay)
    // A source does not know what was sent, so it sends that again, too.
    await deliverAll([...sent, ...parked, ...unread])
    await goOn([...since, ...old.slice(60, 80)])
    await ledger.settle()
    await compare('Kafka lost, sources have sent again')
    row(
      'Kafka and registry lost',
      `${parked.length + unread.length} messages under way, until sources sent them again`,
      seconds,
    )
  }
} catch (error) {
  checks.failed++
  print(`failed: ${(error as Error).message}`)
} finally {
  await pipeline?.stop()
  await Promise.all([kafka.stop(), registry.lose(), redis.stop()])
  tiktok.close()
  rmSync(dir, { recursive: true, force: true })
}
print('')
print(`${'drill'.padEnd(42)}${'until signals flow'.padEnd(20)}lost`)
for (const [what = '', lost = '', time = ''] of rows) print(`${what.padEnd(42)}${time.padEnd(20)}${lost}`)
print(checks.failed > 0 ? '\nFAILED' : '\nnothing lost beside what is said, nothing counted twice')
process.exit(checks.failed > 0 ? 1 : 0)
