/**
 * `make demo`: plays an afternoon of conversations with two shops on real Kafka, registry and Redis, and prints the signals that
 * TikTok receives. In a terminal it runs until Ctrl-C, so that the addresses at the end can be opened.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment } from '../../runtime/process/environment/environment.ts'
import { makeLoginLink } from '../supervisor/login-link.ts'
import { type Pipeline, startPipeline } from './pipeline.ts'
import { keywordsCsv, rulesYaml, type StoryStep, story } from './story.ts'
import { type TikTokEvent, Watcher } from './watch.ts'
import { type Request, tiktokAccount, tiktokSecret, whatsappAccount, whatsappSecret } from './webhooks.ts'

const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
const [bold, dim, green, yellow, red] = [paint(1), paint(2), paint(32), paint(33), paint(31)]
const print = (line = '') => process.stdout.write(`${line}\n`)

const connections = [
  {
    connectionId: 'demo-tiktok',
    source: 'tiktok',
    accountId: tiktokAccount,
    advertiserId: '7000000000001',
    eventSetId: '9000000000001',
  },
  {
    connectionId: 'demo-whatsapp',
    source: 'whatsapp',
    accountId: whatsappAccount,
    advertiserId: '7000000000002',
    eventSetId: '9000000000002',
  },
]

const post = async (gateway: string, { path, headers, body }: Request) =>
  (await fetch(`${gateway}${path}`, { method: 'POST', headers, body })).status

/** @throws Error with the command's message */
const runCommand = async (pipeline: Pipeline, ...args: string[]) => {
  const { code, stderr } = await pipeline.signals(...args)
  if (code !== 0) throw new Error(stderr)
}

const eventText = ({ event, user, properties }: TikTokEvent): string => {
  const flags = Object.entries(properties).map(([name, value]) => `${name} = ${value}`)
  return [event, ...flags, user.ttclid ? `tracking ID ${user.ttclid}` : 'no tracking ID'].join(', ')
}

const play = async (
  pipeline: Pipeline,
  watcher: Watcher,
  { title, before, requests }: StoryStep,
): Promise<TikTokEvent[]> => {
  print(`\n  ${bold(title)}`)
  if (before) await runCommand(pipeline, ...before)
  const refused: number[] = []
  for (const request of requests) {
    const status = await post(pipeline.ready.gateway, request)
    if (status !== 200) refused.push(status)
  }
  if (refused.length > 0) print(`    ${red('✗')} the gateway answers ${refused.join(', ')}: nothing is stored`)
  const { events, reasons } = await watcher.untilQuiet()
  for (const event of events) print(`    ${green('→ TikTok:')} ${eventText(event)}`)
  for (const reason of reasons) print(`    ${yellow('·')} ${dim(reason)}`)
  return events
}

const dataDir = mkdtempSync(join(tmpdir(), 'signals-demo-'))
print(bold('Messaging Signals: an afternoon of conversations, and the signals that TikTok receives'))
print(dim('starting Kafka, a schema registry, Redis, five stages and a simulated TikTok …'))
const pipeline = await startPipeline(
  dataDir,
  {
    ...process.env,
    WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
    TIKTOK_WEBHOOK_SECRET: tiktokSecret,
    LOG_LEVEL: 'warn',
  },
  (line) => {
    if (line.startsWith('signals: ')) print(dim(`  ${line.slice('signals: '.length)}`))
  },
  // For small machines.
  ['--compact'],
)
let stopping: Promise<void> | undefined
const stop = () => {
  stopping ??= pipeline.stop().then(() => rmSync(dataDir, { recursive: true, force: true }))
  return stopping
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop().then(() => process.exit(130)))

try {
  for (const connection of connections) {
    const file = join(dataDir, `${connection.connectionId}.json`)
    writeFileSync(
      file,
      JSON.stringify({
        ...connection,
        tenantId: 'demo',
        accessToken: `token of ${connection.connectionId}`.replaceAll(' ', '-'),
      }),
    )
    await runCommand(pipeline, 'connections', 'add', '--file', file)
  }
  writeFileSync(join(dataDir, 'keywords.csv'), keywordsCsv)
  await runCommand(pipeline, 'keywords', 'import', join(dataDir, 'keywords.csv'))
  writeFileSync(join(dataDir, 'rules.yaml'), rulesYaml)
  await runCommand(pipeline, 'rules', 'import', join(dataDir, 'rules.yaml'))
  print(
    `\ntwo shops connected, keywords: ${keywordsCsv
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.replace(',', ' → '))
      .join(' · ')}`,
  )

  const watcher = new Watcher(pipeline.ready)
  await watcher.untilQuiet()
  const events: TikTokEvent[] = []
  const { INGEST_TOKEN } = JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8')) as Record<string, string>
  const steps = story(Date.now() - 3_600_000, INGEST_TOKEN ?? '')
  for (const step of steps) events.push(...(await play(pipeline, watcher, step)))

  const deliveries = steps.reduce((sum, { requests }) => sum + requests.length, 0)
  const counted = (...names: string[]) => events.filter(({ event }) => names.includes(event)).length
  const [conversations, outcomes] = [counted('Conversation'), counted('QualifiedLead', 'Purchase')]
  const keywordSignals = events.length - conversations - outcomes
  print(
    `\n${bold(`${deliveries} deliveries; TikTok received ${conversations} conversations, ${keywordSignals} messages with keywords and ${outcomes} outcomes,`)}`,
  )
  print(bold('and no word, name or number of them.'))
  const { gateway, console: consoleUrl, simulator } = pipeline.ready
  const link = await makeLoginLink(consoleUrl, dataDir, environment())
  print(
    `\n  what TikTok received   ${simulator}\n  console                ${link ?? consoleUrl}\n  gateway                ${gateway}`,
  )
  if (link) print(dim('  The link to the console logs one browser in, once, within ten minutes.'))
  if (process.stdout.isTTY) {
    print(dim('\nCtrl-C stops everything.'))
    await new Promise(() => setInterval(() => {}, 60_000))
  }
} catch (error) {
  print(red(`\nthe demo failed: ${(error as Error).message}`))
  print(pipeline.log().split('\n').slice(-20).join('\n'))
  process.exitCode = 1
} finally {
  await stop()
}
