/**
 * `make replay-scenario`: the pipeline processes messages, and a keyword is added. A dry run must give the exact number of new signals.
 * A replay must send exactly those while live traffic goes on, although it is killed (-9) once and resumed. The scenario computes the
 * expected signals itself, message by message.
 *
 *   node test/scenarios/replay.ts [--messages 100000] [--live 500] [--stage attributed-messages] [--rate 500]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { LiveLag } from '../../services/tools/replay/send/live-lag.ts'
import { topics } from '../../services/topology.ts'
import {
  accounts,
  expectedSignals,
  firstList,
  type HistoryMessage,
  historyMessage,
  secondList,
  signalIdOf,
} from './history.ts'
import { Checks, openScenario, print, quantile, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    live: { type: 'string', default: '500' },
    stage: { type: 'string', default: 'attributed-messages' },
    rate: { type: 'string', default: '500' },
  },
})
const messages = Number(values.messages)
const liveRate = Number(values.live)
/** A replay always tolerates so much lag: below it, lag is the length of a batch. */
const boundSeconds = 0.25
const quietMs = 20_000
/** A process that has just begun to serve live traffic still compiles its code. */
const warmUpMs = 5_000

interface Line {
  readonly run?: string
  readonly phase?: string
  readonly published?: number
  readonly of?: number
  readonly new?: number
  readonly reported?: number
  readonly [more: string]: unknown
}

const checks = new Checks()
const scenario = await openScenario(accounts.map((accountId) => ({ source: 'whatsapp', accountId })))
const { world, broker, producer, keyring, tiktok } = scenario
const csv = (name: string, entries: readonly { keyword: string; flag: string }[]) =>
  world.file(name, `keyword,flag\n${entries.map(({ keyword, flag }) => `${keyword},${flag}`).join('\n')}\n`)
const importList = async (name: string, entries: typeof firstList) => {
  const { code, stderr } = await world.pipeline.signals('keywords', 'import', csv(name, entries))
  if (code !== 0) throw new Error(stderr)
}
const send = (all: readonly HistoryMessage[]) =>
  producer.send(
    all.map(({ event }) => ({
      topic: topics.channelEvents.name,
      key: event.conversationId,
      value: Buffer.from(JSON.stringify(event)),
    })),
  )

/** Runs `signals replay` as a process that can be killed. Calls back for each JSON line. */
const replay = (args: readonly string[], onLine: (line: Line, child: ChildProcess) => void = () => {}) => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../../services/cli/signals.js'), 'replay', '--json', ...args],
    {
      env: {
        ...process.env,
        SIGNALS_DATA_DIR: world.dataDir,
        SIGNALS_MASTER_KEY: Buffer.alloc(32, 5).toString('base64'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let last: Line = {}
  createInterface({ input: child.stdout }).on('line', (text) => {
    last = JSON.parse(text) as Line
    onLine(last, child)
  })
  return once(child, 'close').then(([code]) => ({ code: code as number | null, last }))
}

/** Sends live traffic at an even rate until stopped. */
const liveTraffic = (startedAt: number) => {
  const all: HistoryMessage[] = []
  const sentAt = new Map<string, number>()
  let running = true
  const done = (async () => {
    while (running) {
      const due = Math.floor(((Date.now() - startedAt) * liveRate) / 1000)
      const part: HistoryMessage[] = []
      for (let n = all.length; n < due; n++) part.push(historyMessage('live', n, Date.now()))
      if (part.length > 0) {
        const now = Date.now()
        for (const { event } of part) sentAt.set(event.messageId, now)
        all.push(...part)
        await send(part)
      }
      await sleep(50)
    }
  })()
  return {
    all,
    sentAt,
    stop: async () => {
      running = false
      await done
    },
  }
}

/** Samples the lag of live traffic every 250 ms until stopped. */
const watchLag = () => {
  const lag = new LiveLag(broker)
  const seen: { readonly at: number; readonly seconds: number }[] = []
  let running = true
  const done = (async () => {
    while (running) {
      const seconds = await lag.poll(Date.now)
      seen.push({ at: Date.now(), seconds })
      await sleep(250)
    }
  })()
  return {
    between: (from: number, to: number) => seen.filter(({ at }) => at >= from && at < to).map(({ seconds }) => seconds),
    stop: async () => {
      running = false
      await done
    },
  }
}

try {
  await importList('first.csv', firstList)
  const begin = new Date(Date.now() - 1_000).toISOString()
  const history = Array.from({ length: messages }, (_, n) => historyMessage('past', n, Date.now() - 7_200_000 + n * 50))
  const past = expectedSignals(keyring, history)
  const startedAt = Date.now()
  for (let from = 0; from < history.length; from += 5_000) await send(history.slice(from, from + 5_000))
  await tiktok.until(past.reported.size, 600_000)
  print(
    `${messages} messages processed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s, ${past.reported.size} signals`,
  )
  const end = new Date().toISOString()
  await importList('second.csv', secondList)
  const range = ['--from', begin, '--to', end, '--stage', values.stage, '--keyword-list', '2', '--rate', values.rate]

  const quietFrom = Date.now()
  const live = liveTraffic(quietFrom)
  const lag = watchLag()
  await sleep(warmUpMs + quietMs)
  const quietTo = Date.now()

  const dry = await replay([...range, '--dry-run'])
  checks.check(
    'the dry run names the exact number of new signals',
    dry.code === 0 && dry.last.new === past.added.size && dry.last.reported === past.reported.size,
    `${dry.last.new} new of ${past.added.size}, ${dry.last.reported} reported of ${past.reported.size}, in ${((Date.now() - quietTo) / 1000).toFixed(1)} s`,
  )
  await tiktok.poll()
  checks.check('it sends nothing', tiktok.missing(past.added).length === past.added.size)

  const replayFrom = Date.now()
  let run = ''
  let killedAt = 0
  await replay([...range, '--yes'], (line, child) => {
    run = line.run ?? run
    if (killedAt > 0 || line.phase !== 'sending' || (line.published ?? 0) * 2 < (line.of ?? 0)) return
    killedAt = line.published ?? 0
    child.kill('SIGKILL')
  })
  await sleep(3_000)
  await tiktok.poll()
  const halfway = past.added.size - tiktok.missing(past.added).length
  checks.check(
    'killed in the middle',
    killedAt > 0 && halfway < past.added.size,
    `${halfway} of ${past.added.size} at TikTok`,
  )
  const resumed = await replay(['--resume', run])
  const replayTo = Date.now()
  checks.check(
    'resumed, and done',
    resumed.code === 0 && resumed.last.new === past.added.size && resumed.last.waiting === 0,
    JSON.stringify(resumed.last),
  )
  // A second baseline: the machine's speed may have changed during the replay.
  const quietAgainFrom = Date.now() + 2_000
  await sleep(2_000 + quietMs)
  const quietAgainTo = Date.now()
  await live.stop()
  await lag.stop()

  const liveAnswers = expectedSignals(keyring, live.all)
  const expected = new Set([...past.reported, ...past.added, ...liveAnswers.reported, ...liveAnswers.added])
  await tiktok.until(expected.size, 120_000)
  await sleep(3_000)
  await tiktok.poll()
  checks.check('exactly the new signals arrived', tiktok.missing(past.added).length === 0, `${past.added.size}`)
  checks.check(
    'each of them once',
    tiktok.repeated(past.added).length === 0,
    `${tiktok.repeated(past.added).length} repeated`,
  )
  checks.check(
    'and no others',
    tiktok.arrivedAt.size === expected.size && tiktok.missing(expected).length === 0,
    `${tiktok.arrivedAt.size} signals at TikTok, ${expected.size} expected`,
  )

  const latency = (from: number, to: number) =>
    live.all.flatMap(({ event, startsConversation }) => {
      const at = live.sentAt.get(event.messageId) ?? 0
      if (!startsConversation || at < from || at >= to) return []
      const arrived = tiktok.arrivedAt.get(signalIdOf(keyring, event, 'conversation'))
      return arrived ? [arrived - at] : []
    })
  const reportSpan = (name: string, spans: readonly (readonly [number, number])[]) => {
    const lags = spans.flatMap(([from, to]) => lag.between(from, to))
    const took = spans.flatMap(([from, to]) => latency(from, to))
    const [median, p95, most] = [0.5, 0.95, 1].map((share) => quantile(lags, share).toFixed(3))
    print(
      `      ${name.padEnd(14)} live lag s: median ${median}, p95 ${p95}, max ${most}; message to TikTok ms: median ${quantile(took, 0.5)}, p99 ${quantile(took, 0.99)}`,
    )
    return quantile(lags, 0.95)
  }
  const without = reportSpan('without', [
    [quietFrom + warmUpMs, quietTo],
    [quietAgainFrom, quietAgainTo],
  ])
  reportSpan('dry run', [[quietTo, replayFrom]])
  const during = reportSpan('replay', [[replayFrom, replayTo]])
  const bound = Math.max(without * 1.1, boundSeconds)
  checks.check(
    `live lag stays within a tenth of what it is without, or ${boundSeconds} s`,
    during <= bound,
    `p95 ${during.toFixed(3)} s, bound ${bound.toFixed(3)} s, with ${live.all.length} live messages at ${liveRate}/s`,
  )
  print(
    `      replay: ${past.added.size} signals in ${((replayTo - replayFrom) / 1000).toFixed(1)} s, the kill and the resume included`,
  )
} catch (error) {
  checks.check('the scenario runs to its end', false, (error as Error).message)
} finally {
  await scenario.stop()
}
print(checks.failed === 0 ? '\nthe replay sent exactly the new signals' : `\n${checks.failed} FAILED`)
process.exit(checks.failed === 0 ? 0 : 1)
