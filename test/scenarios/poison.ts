/**
 * `make poison-scenario`: one text makes ingest abort, one fill its heap, one loop for ever. Each becomes a dead letter, and every message
 * around them becomes its signal once. Kills from outside make no dead letter.
 *
 *   node test/scenarios/poison.ts [--messages 400] [--kills 10]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Checks, openScenario, print, sleep } from './scenario.ts'

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '400' }, kills: { type: 'string', default: '10' } },
})
const messages = Number(values.messages)
const kills = Number(values.kills)
const account = { source: 'poisoned', accountId: 'shop-1' }
const hook = join(import.meta.dirname, 'poison-hook.ts')

const checks = new Checks()
const token = 'a token of the scenario'
const scenario = await openScenario([account], {
  NODE_OPTIONS: `--import=${hook} --max-old-space-size=160`,
  LIVENESS_SECONDS: '8',
  INGEST_TOKEN: token,
})
const { world, keyring, tiktok } = scenario
const begin = Date.now() - 3_600_000
const poison = ['poison:abort', 'poison:heap', 'poison:loop']

const event = (id: string, text: string, n: number) => ({
  ...account,
  channel: 'webchat',
  conversationId: `room-${id}`,
  messageId: id,
  kind: 'message',
  direction: 'inbound',
  sender: 'user',
  occurredAt: begin + n,
  timeSource: 'event',
  text,
  textOrigin: 'typed',
})
const post = async (...events: object[]) => {
  await world.deliver({
    path: '/v1/message-events',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(events),
  })
}
const postMany = async (prefix: string, texts: (n: number) => string) => {
  for (let n = 0; n < messages; n++) await post(event(`${prefix}-${n}`, texts(n), n))
}
const idsOf = (prefix: string) =>
  Array.from({ length: messages }, (_, n) =>
    keyring.signalId(
      account.accountId,
      keyring.pseudonym('conversation', account.source, account.accountId, `room-${prefix}-${n}`),
      keyring.pseudonym('message', account.source, account.accountId, `${prefix}-${n}`),
      'conversation',
    ),
  )
const deadLetters = async () => {
  const { stdout } = await world.pipeline.signals('dead-letters', 'list', '--stage', 'ingest', '--json')
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as readonly { readonly code: string }[]
}
const pidOf = async () => {
  const { stdout } = await world.pipeline.signals('status', '--json')
  return (JSON.parse(stdout.trim().split('\n').at(-1) as string) as { pids: { ingest?: number } }).pids.ingest
}

try {
  await postMany('before', () => 'hola')
  await tiktok.until(messages, 60_000)

  let sent = false
  const sending = postMany('killed', () => 'hola').then(() => {
    sent = true
  })
  let killed = 0
  while (killed < kills || !sent) {
    const pid = await pidOf()
    try {
      if (pid !== undefined && killed < kills) {
        process.kill(pid, 'SIGKILL')
        killed++
      }
    } catch {}
    await sleep(300)
  }
  await sending
  await tiktok.until(2 * messages, 180_000)
  checks.check('kills from outside make no dead letter', (await deadLetters()).length === 0, `${killed} kills`)

  const started = Date.now()
  const every = Math.floor(messages / (poison.length + 1))
  await postMany('around', (n) => (n > 0 && n % every === 0 && poison[n / every - 1]) || 'hola')
  await tiktok.until(3 * messages - poison.length, 600_000)
  const seconds = ((Date.now() - started) / 1000).toFixed(0)
  const codes = (await deadLetters()).map(({ code }) => code)
  checks.check(
    'each text that ends the process is one dead letter',
    codes.length === poison.length && codes.every((code) => code === 'poison_record'),
    `${codes.join(' ')}; everything processed ${seconds} s after the first was posted`,
  )
  const all = [...idsOf('before'), ...idsOf('killed'), ...idsOf('around')]
  checks.check(
    'every other message is one signal',
    tiktok.missing(all).length === poison.length && tiktok.repeated(all).length === 0,
    `${tiktok.missing(all).length} missing, ${tiktok.repeated(all).length} repeated`,
  )
} catch (error) {
  checks.check('the scenario runs to its end', false, (error as Error).message)
} finally {
  await scenario.stop()
}
print(checks.failed === 0 ? '\nno text stops the pipeline' : `\n${checks.failed} FAILED`)
process.exit(checks.failed === 0 ? 0 : 1)
