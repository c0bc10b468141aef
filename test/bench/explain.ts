/**
 * `make bench-explain`: how long `signals explain` takes for a conversation of a hundred messages in topics of a million other records, spread over a day.
 * The pipeline has ended by then, so that it does not work on the others, which are copies of a record of another conversation.
 *
 *   node test/bench/explain.ts [--records 1000000] [--rounds 3] [--wait-for FILE]
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { tiktokText, whatsappAccount, whatsappText } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import type { ConsumedRecord, ProducerRecord } from '../../services/runtime/ports.ts'
import { endOfTime } from '../../services/runtime/topics/read-topic.ts'
import { topics } from '../../services/topology.ts'
import { OwnRegistry } from '../scenarios/recovery-parts.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { RedisServer } from '../support/redis-servers.ts'
import { connectTwo, openWorld } from '../support/world.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    /** Waits for this file before it measures, and so lets the machine become quiet. */
    'wait-for': { type: 'string' },
  },
})
const records = Number(values.records)
const rounds = Number(values.rounds)
/** Messages of the conversation. */
const messages = 100
/** One in so many of the others belongs to the connection that is asked for. */
const ownEvery = 20
const slice = 5_000
const hourMs = 3_600_000
const cli = join(import.meta.dirname, '../../services/cli/signals.js')

const print = (line: string) => process.stdout.write(`${line}\n`)
const [asked, other] = ['5215550001111', '5215550002222']

const [kafka, registry, redis] = [
  await OwnKafka.start(),
  await OwnRegistry.start(),
  await RedisServer.start('--maxmemory-policy', 'noeviction'),
]
const commandsDir = mkdtempSync(join(tmpdir(), 'signals-bench-explain-'))
const world = await openWorld({
  ...{ LOG_LEVEL: 'warn', ATTRIBUTION_WAIT: '100ms', SIGNALS_MASTER_KEY: Buffer.alloc(32, 5).toString('base64') },
  ...{ KAFKA_BROKERS: kafka.addresses.plain, SCHEMA_REGISTRY_URL: registry.url, REDIS_URL: redis.url },
})
const broker = openBroker(kafkaSettingsOf({ ...process.env }, kafka.addresses.plain, 'bench-explain'))

const recordsOf = async (topic: string): Promise<readonly ConsumedRecord[]> => {
  const found: ConsumedRecord[] = []
  const ranges = Array.from(await broker.offsetsAt(topic, endOfTime), ([partition, to]) => ({
    partition,
    from: 0n,
    to,
  }))
  await broker.read(topic, ranges, (read) => void found.push(...read))
  return found.sort((a, b) => a.timestamp - b.timestamp)
}

/** By how much the clock of this process is ahead, so that what it writes has the times of a day, ms. */
let ahead = 0
const realNow = Date.now
Date.now = () => realNow() + ahead
/** Hours over which the records are spread, from that of the conversation that is asked for on. */
const hours = 24

/** Writes the topic full: copies of the first record of each connection, one in `ownEvery` of the asked one, as many in each hour. */
const fill = async (topic: string, isOfAsked: (record: ConsumedRecord) => boolean, keepsKey: boolean) => {
  const templates = await recordsOf(topic)
  const [own, foreign] = [templates.find(isOfAsked), templates.find((one) => !isOfAsked(one))]
  if (!own || !foreign) throw new Error(`${topic} lacks a record to copy`)
  const copyOf = (at: number): ProducerRecord => {
    const isOwn = at % ownEvery === 0
    const { key, value, headers } = isOwn ? own : foreign
    const keyOfOthers = keepsKey ? (isOwn ? key : `other-${at % ownEvery}`) : randomBytes(16).toString('hex')
    return { topic, key: keyOfOthers, value, headers }
  }
  // The broker would stamp them itself, and refuses times that are far ahead of its clock.
  const created = { 'message.timestamp.type': 'CreateTime', 'message.timestamp.after.max.ms': '9223372036854775807' }
  await broker.alterConfig(topic, created)
  const producer = await broker.producer()
  for (let from = 0; from < records; from += slice) {
    ahead = Math.floor((from / records) * hours) * hourMs
    await producer.send(Array.from({ length: Math.min(slice, records - from) }, (_, at) => copyOf(from + at)))
  }
  ahead = 0
  await producer.close()
}

interface Took {
  /** s */
  readonly first: number
  readonly whole: number
  readonly output: string
}

/** The exit code for what is not found. */
const refusedCode = 2

const run = async (wanted: number, ...args: string[]): Promise<Took> => {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1_000
  const env = { ...world.env, SIGNALS_DATA_DIR: commandsDir }
  const child = spawn(process.execPath, [cli, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let first = 0
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    first ||= seconds()
    output += part
  })
  let problem = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    problem += part
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== wanted) throw new Error(`signals ${args.join(' ')} ended with ${code}: ${problem}`)
  return { first, whole: seconds(), output }
}

let isWhole = true
try {
  await connectTwo(world)
  // A list is active everywhere within 5 s.
  await sleep(6_000)
  const said = (n: number) => (n % 10 === 0 ? 'hola, ya hice el pago' : 'hola')
  await world.deliver(
    whatsappText(other, 'wamid.other', 'hola, pago', Date.now()),
    tiktokText('conversation-other', 'tt-other', 'hola, pago', Date.now()),
  )
  for (let n = 0; n < messages; n++) await world.deliver(whatsappText(asked, `wamid.${n}`, said(n), Date.now()))
  await world.arrivedCount(4 + 1 + messages / 10)
  const around = { from: new Date(Date.now() - hourMs / 2), to: new Date(Date.now() + hourMs / 2) }
  await sleep(1_000)
  await world.stop()
  for (const [topic, isOfAsked, keepsKey] of [
    [topics.channelEvents.name, ({ headers }) => headers.sealed?.startsWith('connection/shop-wa/') ?? false, false],
    [topics.messages.name, ({ value }) => value?.includes('shop-wa') ?? false, false],
    [topics.attributedMessages.name, ({ value }) => value?.includes('shop-wa') ?? false, false],
    [topics.signals.name, ({ key }) => key === 'shop-wa', true],
    [topics.deliveries.name, ({ key }) => key === 'shop-wa', true],
  ] as const satisfies [string, (record: ConsumedRecord) => boolean, boolean][]) {
    const started = performance.now()
    await fill(topic, isOfAsked, keepsKey)
    print(`${topic}: ${records} records in ${((performance.now() - started) / 1_000).toFixed(0)} s`)
  }
  if (values['wait-for'] !== undefined) {
    print(`SIGNALS_DATA_DIR=${commandsDir}, waiting for ${values['wait-for']}`)
    while (!existsSync(values['wait-for'])) await sleep(500)
  }
  const connection = ['explain', '--connection', 'shop-wa']
  const byConversation = [...connection, '--conversation', `${whatsappAccount}:${asked}`]
  const window = ['--from', around.from.toISOString(), '--to', around.to.toISOString()]
  const cases = {
    'connections show, for the start of a process': ['connections', 'show', 'shop-wa'],
    'by conversation': byConversation,
    'by conversation, --from and --to of an hour': [...byConversation, ...window],
    'by message': [...connection, '--message', 'wamid.50'],
    'by message that never came': [...connection, '--message', 'wamid.none'],
  }
  for (const [name, args] of Object.entries(cases)) {
    const all: Took[] = []
    for (let round = 0; round < rounds; round++) {
      const isUnknown = name === 'by message that never came'
      const took = await run(isUnknown ? refusedCode : 0, ...args)
      all.push(took)
      if (isUnknown) continue
      const found = took.output.match(/inbound message/g)?.length ?? 0
      if (args[0] === 'explain' && found !== messages) {
        print(`  ${name}: ${found} of ${messages} messages`)
        isWhole = false
      }
    }
    const shown = (of: (took: Took) => number) => all.map((took) => of(took).toFixed(2)).join(', ')
    print(`${name}: first line after ${shown(({ first }) => first)} s, whole after ${shown(({ whole }) => whole)} s`)
  }
} finally {
  await broker.close()
  await Promise.all([kafka.stop(), registry.lose(), redis.stop()])
  rmSync(commandsDir, { recursive: true, force: true })
}
process.exit(isWhole ? 0 : 1)
