/**
 * `make outcomes-scenario`: conversations of many connections with labels, orders and keywords, judged by rule sets of every policy. Events
 * come late and twice; each stage is killed (-9) once, Redis is emptied, and a replay decides all of it again. An oracle of its own says
 * what must arrive: every signal once, with the right tracking ID, value and currency, and nothing besides.
 *
 *   node test/scenarios/outcomes.ts [--conversations 50000] [--connections 100] [--seed 7]
 */
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { readWhole } from '../../services/runtime/topics/read-topic.ts'
import { topics } from '../../services/topology.ts'
import { accountsOf, conversationOf, randomOf, ruleSets, slotSeconds } from './outcomes-history.ts'
import { type ExpectedSignal, keyOf, Oracle } from './outcomes-oracle.ts'
import { Checks, openScenario, print, type ReceivedEvent, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: {
    conversations: { type: 'string', default: '50000' },
    connections: { type: 'string', default: '100' },
    seed: { type: 'string', default: '7' },
  },
})
const conversations = Number(values.conversations)
const random = randomOf(Number(values.seed))
const accounts = accountsOf(Number(values.connections))
/** Conversations that are under way together. */
const together = 250
/** How far the events that are sent may be ahead of the signals that have arrived, as a share of all. */
const mostAhead = 0.12
const withinMs = 900_000

const checks = new Checks()
const oracle = new Oracle()
const start = Date.now() - (Math.ceil(conversations / accounts.length) * slotSeconds + 3_600) * 1000

/** The records of each step, in the order of the topic. Events of one conversation keep their order; copies come ten steps later. */
interface EventRecord {
  readonly topic: string
  readonly key: string
  readonly value: Buffer
}
const stepsLater = 10
const steps: EventRecord[][] = Array.from({ length: Math.ceil(conversations / together) + stepsLater }, () => [])
let events = 0
let copies = 0
for (let from = 0; from < conversations; from += together) {
  const part = Array.from({ length: Math.min(together, conversations - from) }, (_, n) => {
    const account = accounts[(from + n) % accounts.length] as (typeof accounts)[number]
    return conversationOf(account, Math.floor((from + n) / accounts.length), start, random)
  })
  const step = from / together
  const longest = Math.max(...part.map((one) => one.events.length))
  const recordOf = (event: (typeof part)[number]['events'][number]) => ({
    topic: topics.channelEvents.name,
    key: event.conversationId,
    value: Buffer.from(JSON.stringify(event)),
  })
  const now = steps[step] as EventRecord[]
  const later = steps[step + stepsLater] as EventRecord[]
  for (let turn = 0; turn < longest; turn++)
    for (const { account, events: own } of part) {
      const event = own[turn]
      if (event === undefined) continue
      events++
      oracle.take(account, event)
      now.push(recordOf(event))
    }
  for (const { duplicates } of part) {
    copies += duplicates.length
    later.push(...duplicates.map(recordOf))
  }
}
const expected = oracle.sent
const byName = (all: Iterable<ExpectedSignal>) => {
  const counts: Record<string, number> = {}
  for (const { event } of all) counts[event] = (counts[event] ?? 0) + 1
  return Object.entries(counts)
    .map(([event, count]) => `${event} ${count}`)
    .join(', ')
}
print(
  `${conversations} conversations of ${accounts.length} connections, ${events} events, ${copies} copies besides: ${expected.size} signals and ${oracle.counted.size} counted ones expected`,
)
print(`      sent: ${byName(expected.values())}`)
print(`      counted: ${byName(oracle.counted.values())}`)

const scenario = await openScenario(accounts, {}, true)
const { world, broker, producer, codec, tiktok } = scenario
const { pids, redis } = world.pipeline.ready

const signals = async (...args: string[]) => {
  const { code, stdout, stderr } = await world.pipeline.signals(...args)
  if (code !== 0) throw new Error(`signals ${args.join(' ')}: ${stderr}`)
  return stdout
}

const kill = (stage: string) => () => process.kill(pids[stage] as number, 'SIGKILL')
const emptyRedis = async () => {
  const client = new Redis(redis)
  await client.flushall()
  client.disconnect()
}
/** By the share of signals that have arrived. */
const faults: [share: number, what: string, act: () => unknown][] = [
  [0.1, 'the gateway is killed', kill('gateway')],
  [0.2, 'ingest is killed', kill('ingest')],
  [0.35, 'keywords is killed', kill('keywords')],
  [0.5, 'Redis is emptied', emptyRedis],
  [0.65, 'attribution is killed', kill('attribution')],
  [0.8, 'dispatch is killed', kill('dispatch')],
]

const accountOf = ({ eventSourceId }: ReceivedEvent) => eventSourceId.replace(/^set-/, '')

const receivedSignal = (received: ReceivedEvent): ExpectedSignal => {
  const { event, event_time, user, properties } = received.event
  const { value = null, currency = null } = properties as { value?: number; currency?: string }
  const account = accountOf(received)
  return { account, event, second: event_time, trackingId: user.ttclid ?? null, value, currency }
}

/** Compares what TikTok has with the oracle. */
const compare = (when: string) => {
  const found = new Map<string, ExpectedSignal[]>()
  for (const received of tiktok.first.values()) {
    const signal = receivedSignal(received)
    found.set(keyOf(signal), [...(found.get(keyOf(signal)) ?? []), signal])
  }
  const missing = [...expected.keys()].filter((key) => !found.has(key))
  const besides = [...found.keys()].filter((key) => !expected.has(key))
  const twice = [...found].filter(([, all]) => all.length > 1).map(([key]) => key)
  const wrong = [...found].flatMap(([key, [signal]]) => {
    const right = expected.get(key)
    return right && JSON.stringify(signal) !== JSON.stringify(right)
      ? [`${JSON.stringify(signal)} for ${JSON.stringify(right)}`]
      : []
  })
  const some = (all: readonly string[]) =>
    all.length === 0 ? '' : `${all.length}, such as ${all.slice(0, 3).join('; ')}`
  checks.check(`${when}: every expected signal arrived`, missing.length === 0, some(missing) || `${expected.size}`)
  checks.check(`${when}: and no others`, besides.length === 0, some(besides))
  checks.check(`${when}: each under one id`, twice.length === 0, some(twice))
  checks.check(`${when}: with the right tracking ID, value and currency`, wrong.length === 0, some(wrong))
}

try {
  for (const [ruleSetId, rules] of Object.entries(ruleSets))
    await signals('rules', 'import', world.file(`${ruleSetId}.json`, JSON.stringify({ ruleSetId, rules })))
  await signals('keywords', 'import', world.file('keywords.csv', 'keyword,flag\npago,payment\n'))
  const begin = new Date(Date.now() - 1_000).toISOString()
  const startedAt = Date.now()
  const share = async () => (await tiktok.poll()) / expected.size
  const strike = async () => {
    const arrived = await share()
    while (faults[0] && arrived >= faults[0][0]) {
      const [, what, act] = faults.shift() as (typeof faults)[number]
      print(`      after ${Math.round(arrived * 100)} % of the signals: ${what}`)
      await act()
    }
    return arrived
  }
  for (const [step, records] of steps.entries()) {
    const end = Date.now() + withinMs
    while (step / steps.length > (await strike()) + mostAhead && Date.now() < end) await sleep(200)
    if (records.length > 0) await producer.send(records)
  }
  const end = Date.now() + withinMs
  while ((await strike()) < 1 && Date.now() < end) await sleep(500)
  print(`      all arrived after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  await sleep(10_000)
  await tiktok.poll()
  checks.check('every fault struck', faults.length === 0, `${faults.length} left`)
  compare('live')

  const readCounted = async () => {
    const counted = new Map<string, Set<string>>()
    await readWhole(broker, topics.deliveries.name, async (record) => {
      if (record.value === null) return
      await codec.prepare([record])
      const { outcome, connectionId, event, occurredAt, signalId } = codec.decode('deliveries', record)
      if (outcome !== 'counted') return
      const key = keyOf({ account: connectionId, event: event ?? '', second: Math.floor(occurredAt / 1000) })
      counted.set(key, (counted.get(key) ?? new Set<string>()).add(signalId))
    })
    return counted
  }
  let counted = await readCounted()
  for (let tries = 0; counted.size < oracle.counted.size && tries < 30; tries++) {
    await sleep(2_000)
    counted = await readCounted()
  }
  const uncounted = [...oracle.counted.keys()].filter((key) => counted.get(key)?.size !== 1)
  checks.check(
    'what is only counted is counted, once, and never sent',
    uncounted.length === 0 && counted.size === oracle.counted.size,
    `${counted.size} of ${oracle.counted.size}${uncounted.length > 0 ? `; not once: ${uncounted.slice(0, 3).join('; ')}` : ''}`,
  )

  const replayedAt = Date.now()
  const range = ['--from', begin, '--to', new Date(replayedAt).toISOString()]
  const last = JSON.parse((await signals('replay', ...range, '--json', '--yes')).trim().split('\n').at(-1) ?? '{}') as {
    new?: number
    reported?: number
  }
  await sleep(5_000)
  await tiktok.poll()
  checks.check(
    'a replay of all of it finds nothing new',
    last.new === 0,
    `${last.new} new, ${last.reported} reported, ${((Date.now() - replayedAt) / 1000).toFixed(1)} s`,
  )
  compare('after the replay')
  const again = [...tiktok.times.values()].filter((times) => times > 1).length
  print(`      sent again under the same id, which TikTok counts once: ${again}`)
} catch (error) {
  checks.check('the scenario runs to its end', false, (error as Error).message)
} finally {
  await scenario.stop()
}
print(checks.failed === 0 ? '\nevery signal once, with the right value' : `\n${checks.failed} FAILED`)
process.exit(checks.failed === 0 ? 0 : 1)
