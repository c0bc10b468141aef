/**
 * `make soak`: 70 % of what the machine can do, for half an hour. Prints for each process whether its memory grows (slope by regression)
 * and its file descriptors, and whether Redis gets more keys. Judges the memory that is in use after a collection of garbage; resident
 * memory, which also has compiled code and what the engine has not collected yet, is shown beside it. People who have written before write again, so that state is bounded.
 *
 *   node test/scenarios/soak.ts [--seconds 1800] [--rate N] [--load 0.7]     messages a second; share of what was measured
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { crossSourceSpanHours } from '../../services/ingest/copies/cross-source-dedup.ts'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { readState } from '../../services/local/supervisor/state-file.ts'
import { usage } from '../bench/usage.ts'
import { atRate, HttpLoad } from '../support/http-load.ts'
import { inspectable, inspectorOf, liveHeapOf } from '../support/live-heap.ts'
import { lowest, type Slope, slopeOf } from '../support/regression.ts'
import { connectTwo, openWorld } from '../support/world.ts'
import { Checks, print, quantile, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1800' },
    rate: { type: 'string' },
    load: { type: 'string', default: '0.7' },
  },
})
const seconds = Number(values.seconds)
const conversations = 1_000
/** One message in so many has a keyword. */
const keywordEach = 10
const probeMs = 20_000
const probeOpen = 64
const sampleMs = 2_000
/** A share of the run in which caches fill and the JIT compiles. */
const warmUp = 1 / 3
/** Points of the regression. */
const windows = 20
/** services/runtime/time-buckets/hour-buckets.ts */
const bucketsPerHour = 1024
/** MB an hour. */
const maxGrowth = 1
/** Their heaps have a limit of their own, and the simulator keeps what it receives. */
const notJudged = new Set(['kafka', 'registry', 'redis', 'simulator'])

interface Live {
  readonly at: number
  /** MB */
  readonly heap: number
}

interface Sample {
  readonly at: number
  readonly pid: number
  readonly rss: number
  readonly files: number
}

const filesOf = (pid: number): number => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    // It has ended.
    return 0
  }
}

/** Number of keys by the first part of their names, most first. */
const kindsOf = async (redis: Redis): Promise<string> => {
  const kinds = new Map<string, number>()
  for (let cursor = '0', isFirst = true; isFirst || cursor !== '0'; isFirst = false) {
    const [next, found] = await redis.scan(cursor, 'COUNT', 1_000)
    cursor = next
    for (const key of found) {
      const kind = /^[\w-]*/.exec(key)?.[0] ?? ''
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }
  }
  return Array.from(kinds, ([kind, count]) => `${kind || 'binary'} ${count}`)
    .sort((a, b) => Number(b.split(' ')[1]) - Number(a.split(' ')[1]))
    .join(', ')
}

const checks = new Checks()
const world = await openWorld({ LOG_LEVEL: 'warn', NODE_OPTIONS: inspectable })
const { gateway, simulator, redis: redisUrl } = world.pipeline.ready
const load = new HttpLoad(gateway, { maxSockets: 512, timeoutMs: 10_000 })
const redis = new Redis(redisUrl)
try {
  await connectTwo(world)
  let sent = 0
  let accepted = 0
  let keywords = 0
  const answers = new Map<number, number>()
  const times: number[] = []
  const post = async () => {
    const n = sent++
    const isKeyword = n % keywordEach === 7
    const phone = `52155${String(n % conversations).padStart(8, '0')}`
    const text = whatsappText(phone, `wamid.soak.${n}`, isKeyword ? 'ya hice el pago' : 'hola, sigo aquí', Date.now())
    let { status, ms } = await load.post(text)
    answers.set(status, (answers.get(status) ?? 0) + 1)
    // A source delivers again what was not accepted.
    while (status !== 200) {
      await sleep(1_000)
      ;({ status } = await load.post(text))
    }
    accepted++
    if (isKeyword) keywords++
    times.push(ms)
  }
  const received = async () => ((await (await fetch(`${simulator}/_stats`)).json()) as { events: number }).events
  const expected = () => keywords + Math.min(conversations, sent)
  const drained = async () => {
    const started = Date.now()
    while ((await received()) < expected() && Date.now() - started < 120_000) await sleep(200)
    return Date.now() - started
  }

  const measured = async (): Promise<number> => {
    const started = Date.now()
    while (Date.now() - started < probeMs) {
      while (load.open < probeOpen) void post()
      await sleep(1)
    }
    while (load.open > 0) await sleep(10)
    await drained()
    return accepted / ((Date.now() - started) / 1_000)
  }
  const capacity = values.rate === undefined ? await measured() : Number(values.rate) / Number(values.load)
  const rate = capacity * Number(values.load)
  print(
    values.rate === undefined
      ? `the machine can do ${capacity.toFixed(0)} messages a second, from delivery to TikTok; ${rate.toFixed(0)} follow for ${seconds} s`
      : `${rate.toFixed(0)} messages a second for ${seconds} s`,
  )

  const samples = new Map<string, Sample[]>()
  const keys: { at: number; keys: number; memory: number }[] = []
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1_000
  const look = async () => {
    const state = readState(world.dataDir)
    const processes = { ...state?.children, ...(state?.supervisor ? { supervisor: state.supervisor } : {}) }
    for (const [name, { pid }] of Object.entries(processes)) {
      const own = samples.get(name) ?? []
      // Without those of the load itself, which opens connections as it needs them.
      const files = filesOf(pid) - (name === 'gateway' ? load.sockets : 0)
      own.push({ at: elapsed(), pid, rss: usage(pid).rss, files })
      samples.set(name, own)
    }
    const memory = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]) / 1_048_576
    keys.push({ at: elapsed(), keys: await redis.dbsize(), memory })
  }
  const logOf = (name: string) =>
    name === 'supervisor' ? world.pipeline.log() : readFileSync(join(world.dataDir, 'logs', `${name}.log`), 'utf8')
  const live = new Map<string, Live[]>()
  const collect = async () => {
    for (const name of samples.keys()) {
      if (notJudged.has(name)) continue
      const inspector = inspectorOf(logOf(name))
      if (inspector === null) throw new Error(`${name} does not listen for an inspector`)
      const own = live.get(name) ?? []
      own.push({ at: elapsed(), heap: await liveHeapOf(inspector) })
      live.set(name, own)
    }
  }
  let collecting = Promise.resolve()
  const looking = setInterval(() => void look(), sampleMs)
  const collections = setInterval(
    () => {
      collecting = collecting.then(collect)
    },
    (seconds * 1_000) / windows / 2,
  )
  times.length = 0
  answers.clear()
  const before = sent
  await atRate(
    rate,
    () => elapsed() >= seconds,
    () => void post(),
  )
  clearInterval(looking)
  clearInterval(collections)
  await collecting
  while (load.open > 0) await sleep(50)
  const behindMs = await drained()
  await sleep(2_000)

  print(
    `\nmessages               ${sent - before}, answers ${[...answers].map(([status, count]) => `${status || 'none'}: ${count}`).join(', ')}`,
  )
  print(
    `gateway                median ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms`,
  )
  print(`all signals were there ${(behindMs / 1_000).toFixed(1)} s after the load`)
  print('\nprocess       in use, MB   slope, MB an hour   resident, MB   slope, MB an hour        file descriptors')
  const from = seconds * warmUp
  for (const [name, all] of [...samples].sort()) {
    const steady = all.filter(({ at }) => at >= from)
    const points = lowest(
      steady.map(({ at, rss }) => ({ x: at / 3_600, y: rss })),
      (seconds - from) / 3_600 / windows,
    )
    const { slope, error } = slopeOf(points)
    const files = steady.map((one) => one.files)
    const last = steady.at(-1) as Sample
    const heaps = (live.get(name) ?? [])
      .filter(({ at }) => at >= from)
      .map(({ at, heap }) => ({ x: at / 3_600, y: heap }))
    const inUse = heaps.length < 3 ? null : slopeOf(heaps)
    const shown = (one: Slope | null) => (one ? `${one.slope.toFixed(1)} ± ${(2 * one.error).toFixed(1)}` : '')
    print(
      [
        name.padEnd(13),
        (heaps.at(-1)?.y.toFixed(1) ?? '').padStart(11),
        shown(inUse).padStart(20),
        last.rss.toFixed(0).padStart(15),
        shown({ slope, error }).padStart(20),
        `${Math.min(...files)} to ${Math.max(...files)}, last ${last.files}`.padStart(24),
      ].join(''),
    )
    if (notJudged.has(name)) continue
    if (!inUse) throw new Error('the run was too short for a slope of the memory in use')
    checks.check(`${name} was not started again`, new Set(all.map(({ pid }) => pid)).size === 1)
    checks.check(
      `${name}: memory in use is flat, within the error`,
      inUse.slope - 2 * inUse.error < maxGrowth,
      `${inUse.slope.toFixed(1)} MB an hour`,
    )
    const growth = slopeOf(steady.map((one) => ({ x: one.at / 3_600, y: one.files })))
    checks.check(`${name}: file descriptors are flat, within the error`, growth.slope - 2 * growth.error < 1)
  }
  const steady = keys.filter(({ at }) => at >= from)
  const [first, last] = [steady[0], steady.at(-1)]
  if (!first || !last) throw new Error('the run was too short for a sample')
  print(`\nRedis keys             ${first.keys} after ${from.toFixed(0)} s, ${last.keys} at the end`)
  print(`by the name            ${await kindsOf(redis)}`)
  print(`Redis memory           ${first.memory.toFixed(1)} MB, ${last.memory.toFixed(1)} MB at the end`)
  // Claims of messages and the sent log have so many hashes for an hour of event time, however many messages; claims of copies have
  // as many for each hour of a span.
  const hours = Math.ceil((probeMs / 1_000 + seconds) / 3_600) + 1
  const ofSpan = bucketsPerHour * 2 ** Math.ceil(Math.log2(crossSourceSpanHours))
  const most = conversations * 3 + 2 * bucketsPerHour * hours + 2 * ofSpan
  checks.check('Redis keys are bounded', last.keys <= most, `at most ${most}`)
  const found = await received()
  checks.check('nothing is lost and nothing counts twice', found === expected(), `${found} of ${expected()}`)
} catch (error) {
  checks.check('the run ends', false, (error as Error).stack)
} finally {
  load.close()
  redis.disconnect()
  await world.stop()
}
print(checks.failed > 0 ? '\nFAILED' : '\nnothing grows')
process.exit(checks.failed > 0 ? 1 : 0)
