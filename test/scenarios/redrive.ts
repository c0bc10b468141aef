/**
 * `make redrive-scenario`: an own mapping has a bug, so one item of each of 1,000 deliveries becomes a dead letter. The mapping is fixed
 * while the pipeline runs, and a redrive turns every dead letter into its signals, once. The deliveries' other items, processed the
 * first time, count once too.
 *
 *   node test/scenarios/redrive.ts [--deliveries 1000]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { SignalKind } from '../../services/shared/model/topic-values.ts'
import { Checks, openScenario, print, sleep } from './scenario.ts'

const { values } = parseArgs({ options: { deliveries: { type: 'string', default: '1000' } } })
const deliveries = Number(values.deliveries)
const source = 'corner-shop'
const accountId = 'shop-1'
const secret = 'the shop knows'

/** @param room the field from which the mapping takes the conversation of a voice note's transcript */
const mapping = (room: string) => `source: ${source}
version: 1
about: A shop's own inbox; each delivery has a text and the transcript of a voice note.
accounts: [body.shop]
signature: { algorithm: equality, header: x-shop-key }
recognise: { value: body.items, is: list }
rules:
  - each: { item: "body.items[]" }
    event:
      accountId: body.shop
      channel: { const: webchat }
      conversationId:
        { cases: [{ when: { value: item.type, equals: voice }, is: item.${room} }], otherwise: item.room }
      messageId: item.id
      kind: { const: message }
      direction: { const: inbound }
      sender: { const: user }
      time: [{ of: item.at, unit: ms }]
      text: [{ of: item.words, origin: { const: typed } }]
`

const folder = mkdtempSync(join(tmpdir(), 'signals-mappings-'))
const writeMapping = (room: string) => writeFileSync(join(folder, `${source}.yaml`), mapping(room))
writeMapping('roam')

const checks = new Checks()
const scenario = await openScenario([{ source, accountId }], {
  SIGNALS_MAPPINGS_DIR: folder,
  CORNER_SHOP_WEBHOOK_SECRET: secret,
})
const { world, keyring, tiktok } = scenario
const begin = Date.now() - 3_600_000

const post = async (n: number) => {
  const items = [
    { type: 'text', id: `text-${n}`, room: `text-room-${n}`, at: begin + n, words: 'hola' },
    { type: 'voice', id: `voice-${n}`, room: `voice-room-${n}`, at: begin + n, words: 'ya hice el pago' },
  ]
  await world.deliver({
    path: `/webhooks/${source}`,
    headers: { 'content-type': 'application/json', 'x-shop-key': secret },
    body: JSON.stringify({ shop: accountId, items }),
  })
}

const idOf = (type: string, n: number, kind: SignalKind) =>
  keyring.signalId(
    accountId,
    keyring.pseudonym('conversation', source, accountId, `${type}-room-${n}`),
    keyring.pseudonym('message', source, accountId, `${type}-${n}`),
    kind,
  )
const numbers = Array.from({ length: deliveries }, (_, n) => n)
const texts = numbers.map((n) => idOf('text', n, 'conversation'))
const voices = numbers.flatMap((n) => [idOf('voice', n, 'conversation'), idOf('voice', n, 'keyword')])

const command = async (...args: string[]) => {
  const started = Date.now()
  const { code, stdout, stderr } = await world.pipeline.signals('dead-letters', ...args, '--json')
  if (stdout.trim() === '') throw new Error(stderr)
  return { code, json: JSON.parse(stdout.trim().split('\n').at(-1) as string), seconds: (Date.now() - started) / 1000 }
}

try {
  await world.pipeline.signals('keywords', 'import', world.file('list.csv', 'keyword,flag\npago,payment\n'))
  for (let from = 0; from < deliveries; from += 20) await Promise.all(numbers.slice(from, from + 20).map(post))
  await tiktok.until(deliveries, 120_000)
  await sleep(2_000)
  const deadLetters = (await command('list', '--source', source)).json as { code: string; connection?: string }[]
  checks.check(
    'the bug makes a dead letter of one item of each delivery',
    deadLetters.length === deliveries && deadLetters.every(({ code }) => code === 'item_unmappable'),
    `${deadLetters.length}`,
  )
  await tiktok.poll()
  checks.check('the other items count', tiktok.missing(texts).length === 0 && tiktok.arrivedAt.size === deliveries)

  const early = await command('redrive', '--source', source, '--dry-run')
  checks.check(
    'a dry run predicts that they fail again',
    early.json.skipped.would_fail === deliveries && early.json.tried.item_unmappable === deliveries,
    JSON.stringify(early.json.tried),
  )
  writeMapping('room')
  await sleep(5_000)
  const dry = await command('redrive', '--source', source, '--code', 'item_unmappable', '--dry-run')
  checks.check(
    'after the fix it predicts that all pass',
    dry.json.tried.passes === deliveries,
    JSON.stringify(dry.json.tried),
  )
  const done = await command('redrive', '--source', source, '--code', 'item_unmappable', '--yes')
  checks.check(
    'the redrive puts all back, and none fails again',
    done.code === 0 && done.json.redriven === deliveries && done.json.failedAgain === 0,
    `${done.json.redriven} in ${done.seconds.toFixed(1)} s`,
  )
  await tiktok.until(3 * deliveries, 120_000)
  await sleep(3_000)
  await tiktok.poll()
  checks.check('all of them are signals now', tiktok.missing(voices).length === 0, `${2 * deliveries}`)
  const all = [...texts, ...voices]
  checks.check(
    'each once, and nothing besides',
    tiktok.repeated(all).length === 0 && tiktok.arrivedAt.size === all.length,
    `${tiktok.arrivedAt.size} signals at TikTok, ${tiktok.repeated(all).length} repeated`,
  )
  const again = await command('redrive', '--source', source, '--yes')
  checks.check(
    'a second redrive finds nothing to do',
    again.json.records === 0 && again.json.skipped.redriven === deliveries,
  )
} catch (error) {
  checks.check('the scenario runs to its end', false, (error as Error).message)
} finally {
  await scenario.stop()
  rmSync(folder, { recursive: true, force: true })
}
print(checks.failed === 0 ? '\nevery dead letter became its signals, once' : `\n${checks.failed} FAILED`)
process.exit(checks.failed === 0 ? 0 : 1)
