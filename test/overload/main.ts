/**
 * `make overload`: an account floods the gateway with three times what the machine can do, while 20 others go on as always. Then a hot
 * conversation, a list of 100,000 keywords and 10,000 changed connections, one after the other.
 *
 *   node test/overload/main.ts [--seconds 60] [--messages 20000] [--times 3]     of the flood; in the hot conversation
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { whatsappSecret, whatsappText } from '../../services/local/demo/webhooks.ts'
import { createSimulator } from '../../services/local/simulator/server.ts'
import { readSecrets, readState } from '../../services/local/supervisor/state-file.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { topics } from '../../services/topology.ts'
import { usage } from '../bench/usage.ts'
import { Checks, openScenario, print, quantile, sleep } from '../scenarios/scenario.ts'
import { HttpLoad } from '../support/http-load.ts'
import { Ledger } from './ledger.ts'
import { eventSetOf, hotAccount, liveAccounts, type Seen, Senders } from './senders.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    messages: { type: 'string', default: '20000' },
    times: { type: 'string', default: '3' },
  },
})
const floodMs = Number(values.seconds) * 1_000
const livePerSecond = 40
const probeMs = 15_000
const drainMs = 600_000
/** A source gives up after this long. */
const timeoutMs = 10_000

const simulator = createSimulator({ keep: 200_000 })
simulator.server.listen(0, '127.0.0.1')
await once(simulator.server, 'listening')
const { port } = simulator.server.address() as AddressInfo

const checks = new Checks()
const scenario = await openScenario(
  [...liveAccounts, hotAccount].map((accountId) => ({ source: 'whatsapp', accountId })),
  { TIKTOK_BASE_URL: `http://127.0.0.1:${port}`, WHATSAPP_WEBHOOK_SECRET: whatsappSecret, DISPATCH_WARN_DAYS: '28' },
)
const { world, producer, codec, keyring } = scenario
const { gateway } = world.pipeline.ready
// Sources of their own: a message of a live account waits for no other sender's socket.
const load = new HttpLoad(gateway, { maxSockets: 200, timeoutMs })
const flooding = new HttpLoad(gateway, { maxSockets: 1_000, timeoutMs })
const ledger = new Ledger(simulator, (eventSet) => eventSet !== eventSetOf(hotAccount))
/** Messages of days ago, a second each: as many as a flood may offer before they are of the future. */
const secondsBack = 20 * 86_400
const senders = new Senders({ live: load, hot: flooding }, ledger, Math.floor(Date.now() / 1_000) - secondsBack)
const pidOf = (name: string) => readState(world.dataDir)?.children[name]?.pid ?? 0
const looking = setInterval(() => ledger.look(), 250)

const answersOf = ({ answers }: Seen) =>
  [...answers].map(([status, count]) => `${status || 'none'}: ${count}`).join(', ') || 'none'
const timesOf = (values: readonly number[]) =>
  `median ${quantile(values, 0.5).toFixed(0)} ms, p99 ${quantile(values, 0.99).toFixed(0)} ms`
const showLive = () => {
  print(`  live accounts: answers ${answersOf(senders.live)}`)
  print(
    `  live accounts: to the answer ${timesOf(senders.live.times)}; from there to TikTok ${timesOf(ledger.takeDelays())}`,
  )
}

/** Runs the work while the live accounts go on. @returns ms */
const besideLive = async (name: string, work: () => Promise<void>): Promise<number> => {
  senders.forget()
  ledger.takeDelays()
  let isOver = false
  const live = senders.liveAtRate(livePerSecond, () => isOver)
  const started = Date.now()
  await work()
  const ms = Date.now() - started
  isOver = true
  await live
  await ledger.drained(drainMs)
  print(`\n${name}: ${(ms / 1_000).toFixed(1)} s`)
  showLive()
  return ms
}

const importList = async (name: string, count: number, extra: string) => {
  const rows = Array.from({ length: count }, (_, n) => `palabra${n} nunca ${name},flag_${n % 40}\n`).join('')
  const file = world.file(`${name}.csv`, `keyword,flag\npago,payment\n${extra}${rows}`)
  const { code, stderr } = await world.pipeline.signals('keywords', 'import', file)
  if (code !== 0) throw new Error(stderr)
}

const connectionOf = (accountId: string, eventSetId: string) => {
  const input = {
    ...{ connectionId: accountId, tenantId: 'scenario', source: 'whatsapp', accountId },
    ...{ advertiserId: `advertiser-${accountId}`, eventSetId, accessToken: `token-${accountId}` },
  }
  const record = connectionRecordOf(parseConnection(input), undefined, Date.now(), keyring)
  return { topic: topics.connections.name, key: accountId, value: codec.encode('connections', record) }
}

try {
  print(`${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}`)
  await importList('first', 0, '')

  // What the machine can do: as many at once as help, until all of it is at TikTok.
  const started = Date.now()
  let isProbing = true
  const probing = (async () => {
    while (isProbing) {
      while (flooding.open < 64) void senders.postHot()
      await sleep(1)
    }
  })()
  await sleep(probeMs)
  isProbing = false
  await probing
  while (flooding.open > 0) await sleep(10)
  await ledger.drained(drainMs)
  const capacity = ledger.counts().accepted / ((Date.now() - started) / 1_000)
  print(`the machine can do ${capacity.toFixed(0)} messages a second, from delivery to TikTok, and sends them itself`)

  const longest = Math.floor(secondsBack / (capacity * Number(values.times)) - probeMs / 1_000)
  if (Number(values.seconds) > longest)
    throw new Error(`--seconds ${values.seconds}: a flood of this rate has times for ${longest} s; give at most that`)

  await besideLive('nothing else', () => sleep(10_000))

  // The flood.
  senders.forget()
  const pids = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'].map((name) => [name, pidOf(name)] as const)
  const gatewayPid = pidOf('gateway')
  let memory = 0
  let health = 0
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      const asked = performance.now()
      const ok = await fetch(`${gateway}/readyz`, { signal: AbortSignal.timeout(10_000) }).then(
        (response) => response.ok,
        () => false,
      )
      if (ok) health = Math.max(health, performance.now() - asked)
      memory = Math.max(memory, usage(gatewayPid).rss)
      await sleep(500)
    }
  })()
  const floodedAt = Date.now()
  const flood = () => Date.now() - floodedAt >= floodMs
  await Promise.all([
    senders.hotAtRate(capacity * Number(values.times) - livePerSecond, flood),
    senders.liveAtRate(livePerSecond, flood),
  ])
  isOver = true
  await watching
  const behind = ledger.counts().missing
  const liveTimes = senders.live.times
  const liveAnswers = senders.live.answers
  const lags: number[] = []
  const lagOf = async () => {
    const { stdout } = await world.pipeline.signals('lag', '--json')
    const { groups } = JSON.parse(stdout) as { groups: readonly { lane: string; seconds: number }[] }
    lags.push(Math.max(0, ...groups.filter(({ lane }) => lane === 'main').map(({ seconds }) => seconds)))
  }
  const drainedMs = await ledger.drained(drainMs, lagOf)
  print(`\n${values.times} times as much for ${values.seconds} s`)
  print(`  flooding account: answers ${answersOf(senders.hot)}`)
  showLive()
  print(`  gateway: at most ${memory.toFixed(0)} MB, its health answered within ${health.toFixed(0)} ms`)
  print(`  behind when the flood ended: ${behind} messages; all at TikTok ${(drainedMs / 1_000).toFixed(1)} s later`)
  print(`  age of the oldest record meanwhile: ${lags.map((lag) => lag.toFixed(0)).join(', ')} s`)
  const refused = senders.hot.answers.get(503) ?? 0
  const silent = liveAnswers.get(0) ?? 0
  checks.check('the gateway refuses with 503', refused > 0, `${refused} times`)
  checks.check('with Retry-After', senders.hot.lacking + senders.live.lacking === 0)
  checks.check('live accounts always get an answer', silent === 0, `${silent} got none`)
  checks.check(
    'live accounts keep their share',
    (liveAnswers.get(503) ?? 0) === 0,
    `${liveAnswers.get(503) ?? 0} refused`,
  )
  checks.check('live accounts are answered within their deadline', quantile(liveTimes, 0.99) < 5_000)
  checks.check(
    'no process was started again',
    pids.every(([name, pid]) => pidOf(name) === pid),
  )
  // Reading the lag takes a second of its own.
  const growing = lags.slice(1).filter((lag, n) => lag > (lags[n] as number) + 5)
  checks.check(
    'the lag is worked off',
    growing.length === 0,
    `${growing.length} of ${lags.length} looks found it older`,
  )

  // One conversation with many messages, as message events.
  const count = Number(values.messages)
  const token = readSecrets(world.dataDir).INGEST_TOKEN as string
  await besideLive(`a conversation with ${count} messages`, async () => {
    const now = Date.now()
    const hotSet = eventSetOf(hotAccount)
    const end = Math.floor(now / 1_000)
    ledger.offered(hotSet, end)
    for (let from = 0; from < count; from += 1_000) {
      const events = Array.from({ length: Math.min(1_000, count - from) }, (_, n) => ({
        ...{ source: 'whatsapp', accountId: hotAccount, channel: 'whatsapp', conversationId: 'hot' },
        ...{ messageId: `hot-${from + n}`, kind: 'message', direction: 'inbound', sender: 'user', timeSource: 'event' },
        // The last one raises a keyword, behind all others.
        ...{ occurredAt: end * 1_000 - count + 1 + from + n, textOrigin: 'typed' },
        text: from + n === count - 1 ? 'ya hice el pago' : 'hola',
      }))
      for (let status = 0; status !== 200; ) {
        const answer = await fetch(`${gateway}/v1/message-events`, {
          ...{ method: 'POST', body: JSON.stringify(events) },
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        })
        status = answer.status
        if (status !== 200) await sleep(Number(answer.headers.get('retry-after') ?? 1) * 1_000)
      }
    }
    ledger.accepted(hotSet, end)
    await ledger.drained(drainMs)
  })

  await besideLive('a list of 100,000 keywords, imported and in force', () =>
    importList('second', 100_000, 'cien mil,payment\n'),
  )
  await besideLive('another list of 100,000 keywords in its place', () => importList('third', 100_000, ''))

  const many = Array.from({ length: 10_000 }, (_, n) => `30550${String(n).padStart(9, '0')}`)
  const changed = (prefix: string) => async () => {
    await producer.send(many.map((account) => connectionOf(account, `${prefix}-${account}`)))
    const account = many.at(-1) as string
    const wanted = `${prefix}-${account}`
    // A message each second: an account without a connection is answered as any other, and a connection may still be the old one.
    for (let time = Math.floor(Date.now() / 1_000); ; time++) {
      for (const eventSet of [`set-${account}`, `other-${account}`]) ledger.offered(eventSet, time)
      await load.post(whatsappText('5215500000000', `wamid.${time}`, 'ya hice el pago', time * 1_000, account))
      await sleep(1_000)
      if (ledger.hasArrived(wanted)) return
    }
  }
  await besideLive('10,000 connections added at once, until the last one reports', changed('set'))
  await besideLive('10,000 connections changed at once, until the last one reports as changed', changed('other'))

  const { accepted, missing, doubled, unanswered } = ledger.counts()
  print(`\n${accepted} messages were accepted; ${unanswered} more were stored without an answer`)
  checks.check('nothing is lost', missing === 0, `${missing} missing`)
  checks.check('nothing counts twice', doubled === 0, `${doubled} doubled`)
  checks.check('what was refused was not stored', ledger.strangers === 0, `${ledger.strangers} reported`)
} catch (error) {
  checks.check('the run ends', false, (error as Error).stack)
  print(world.pipeline.log().split('\n').slice(-20).join('\n'))
} finally {
  clearInterval(looking)
  load.close()
  flooding.close()
  await scenario.stop()
  simulator.server.closeAllConnections()
  simulator.server.close()
}
print(checks.failed > 0 ? '\nFAILED' : '\nit gives way in time, and loses nothing')
process.exit(checks.failed > 0 ? 1 : 0)
