/**
 * `make hostile-scenario`: one account sends texts that are made to be slow, then deliveries that are broken. Another account's messages
 * reach TikTok as fast as without it. The broken account is put into quarantine; what it sent meanwhile is released, or discarded.
 *
 *   node test/scenarios/hostile.ts [--seconds 20] [--rate 40]
 */
import { parseArgs } from 'node:util'
import { topics } from '../../services/topology.ts'
import { hostileTexts } from '../support/hostile-texts.ts'
import { Checks, openScenario, print, quantile, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, rate: { type: 'string', default: '40' } },
})
const seconds = Number(values.seconds)
const rate = Number(values.rate)
const source = 'shop'
const [honest, other] = ['honest', 'other'].map((accountId) => ({ source, accountId })) as [Account, Account]
interface Account {
  readonly source: string
  readonly accountId: string
}
const hostileCount = 200
const brokenCount = 80
/** Each ingest reads the accounts in quarantine every 2 s. */
const inForceMs = 3_000

const checks = new Checks()
const token = 'a token of the scenario'
const scenario = await openScenario([honest, other], { INGEST_TOKEN: token, QUARANTINE_FAILURES: '50' })
const { world, keyring, tiktok, producer } = scenario
const begin = Date.now() - 3_600_000
const postedAt = new Map<string, number>()

const eventOf = (account: Account, id: string, text: string) => ({
  ...account,
  ...{ channel: 'webchat', conversationId: `room-${id}`, messageId: id, kind: 'message', direction: 'inbound' },
  ...{ sender: 'user', occurredAt: begin + postedAt.size, timeSource: 'event', text, textOrigin: 'typed' },
})
const signalIdOf = ({ accountId }: Account, id: string) =>
  keyring.signalId(
    accountId,
    keyring.pseudonym('conversation', source, accountId, `room-${id}`),
    keyring.pseudonym('message', source, accountId, id),
    'conversation',
  )
const post = async (account: Account, id: string, text: string) => {
  postedAt.set(signalIdOf(account, id), Date.now())
  await world.deliver({
    path: '/v1/message-events',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify([eventOf(account, id, text)]),
  })
}

/** Posts the honest account's messages at a steady rate, with something beside it. @returns ms from each post to TikTok */
const latencies = async (prefix: string, beside: () => Promise<unknown>): Promise<readonly number[]> => {
  const ids = Array.from({ length: seconds * rate }, (_, n) => `${prefix}-${n}`)
  const besides = beside()
  const posts: Promise<void>[] = []
  const began = Date.now()
  for (const [n, id] of ids.entries()) {
    await sleep(Math.max(0, began + (n * 1_000) / rate - Date.now()))
    posts.push(post(honest, id, 'hola'))
  }
  await Promise.all([...posts, besides])
  const signals = ids.map((id) => signalIdOf(honest, id))
  for (const end = Date.now() + 60_000; tiktok.missing(signals).length > 0 && Date.now() < end; await sleep(200))
    await tiktok.poll()
  checks.check(`${prefix}: every honest message is one signal`, tiktok.missing(signals).length === 0, `${ids.length}`)
  return signals.map((id) => (tiktok.arrivedAt.get(id) ?? Number.POSITIVE_INFINITY) - (postedAt.get(id) ?? 0))
}
const figures = (all: readonly number[]) =>
  `median ${quantile(all, 0.5)} ms, p99 ${quantile(all, 0.99)} ms, largest ${Math.max(...all)} ms`
const signals = async (...args: string[]) => {
  const { code, stdout, stderr } = await world.pipeline.signals(...args)
  if (code !== 0) throw new Error(`signals ${args.join(' ')}: ${stderr}`)
  return stdout
}
const inQuarantine = async () => {
  const rows = JSON.parse((await signals('quarantine', 'list', '--json')).trim().split('\n').at(-1) as string)
  return rows as readonly { account: string; inQuarantine: boolean; records: number }[]
}
const name = `${source}/${other.accountId}`
const breakOther = (prefix: string) =>
  producer.send(
    Array.from({ length: brokenCount }, (_, n) => ({
      topic: topics.channelEvents.name,
      key: other.accountId,
      value: Buffer.from(JSON.stringify({ ...eventOf(other, `${prefix}-${n}`, 'hola'), occurredAt: 'yesterday' })),
    })),
  )
const untilQuarantined = async (isIn: boolean) => {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(500)) {
    if ((await inQuarantine()).some(({ account, inQuarantine }) => account === name && inQuarantine) === isIn)
      return true
  }
  return false
}

try {
  await latencies('warm', async () => {})
  const alone = await latencies('alone', async () => {})
  const texts = hostileTexts(hostileCount)
  const beside = await latencies('hostile', async () => {
    for (const [n, text] of texts.entries()) {
      await post(other, `hostile-${n}`, text)
      await sleep((seconds * 1_000) / texts.length)
    }
  })
  const ratio = quantile(beside, 0.99) / quantile(alone, 0.99)
  checks.check(
    `${texts.length} hostile texts of 16 KB: p99 of the others within twice`,
    ratio <= 2,
    `alone ${figures(alone)}; beside ${figures(beside)}; ratio ${ratio.toFixed(2)}`,
  )
  const broken = await latencies('broken', () => breakOther('broken'))
  checks.check(
    `${brokenCount} broken deliveries of one account: nobody else waits more than 5 s`,
    Math.max(...broken) <= 5_000,
    figures(broken),
  )
  checks.check('the account is in quarantine', await untilQuarantined(true))
  await sleep(inForceMs)
  await post(other, 'meanwhile', 'hola')
  await sleep(5_000)
  const waiting = (await inQuarantine()).find(({ account }) => account === name)
  await tiktok.poll()
  checks.check(
    'what it sends meanwhile is put aside',
    (waiting?.records ?? 0) > 0 && tiktok.missing([signalIdOf(other, 'meanwhile')]).length === 1,
    `${waiting?.records} records`,
  )
  // Its broken records fail again, and the command says so.
  await world.pipeline.signals('quarantine', 'release', name, '--yes')
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(300)) {
    await tiktok.poll()
    if (tiktok.missing([signalIdOf(other, 'meanwhile')]).length === 0) break
  }
  const released = signalIdOf(other, 'meanwhile')
  checks.check(
    'it is one signal once released',
    tiktok.missing([released]).length === 0 && tiktok.repeated([released]).length === 0,
  )
  await breakOther('again')
  checks.check('broken again, it is in quarantine again', await untilQuarantined(true))
  await sleep(inForceMs)
  await post(other, 'discarded', 'hola')
  await sleep(5_000)
  await signals('quarantine', 'discard', name, '--yes')
  checks.check('discarding ends it', await untilQuarantined(false))
  await post(other, 'after', 'hola')
  const after = signalIdOf(other, 'after')
  for (const end = Date.now() + 30_000; tiktok.missing([after]).length > 0 && Date.now() < end; await sleep(300))
    await tiktok.poll()
  checks.check(
    'what was discarded is no signal, what comes after is one',
    tiktok.missing([after]).length === 0 && tiktok.missing([signalIdOf(other, 'discarded')]).length === 1,
  )
} catch (error) {
  checks.check('the scenario runs to its end', false, (error as Error).message)
} finally {
  await scenario.stop()
}
print(checks.failed === 0 ? '\nnobody waits for another account' : `\n${checks.failed} FAILED`)
process.exit(checks.failed === 0 ? 0 : 1)
