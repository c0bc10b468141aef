/**
 * Runs the connectors of docs/connectors/examples, each by HTTP and by Kafka, against a pipeline of real processes. Each run must make
 * one conversation with its tracking ID and one keyword signal. Languages whose tools are missing are named and skipped.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../support/eventually.ts'
import { openWorld, type World } from '../support/world.ts'
import { Checks, print } from './scenario.ts'

interface Language {
  readonly name: string
  /** A program and its arguments that ends with 0 where the tools are there. */
  readonly probe: readonly string[]
  readonly prepare: readonly (readonly string[])[]
  readonly run: (way: string) => readonly string[]
}

const languages: readonly Language[] = [
  {
    name: 'typescript',
    probe: ['npm', '--version'],
    prepare: [['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel', 'error']],
    run: (way) => [process.execPath, 'connector.ts', way],
  },
  {
    name: 'python',
    probe: ['python3', '-m', 'venv', '--help'],
    prepare: [
      ['python3', '-m', 'venv', '.venv'],
      ['.venv/bin/pip', 'install', '-q', '-r', 'requirements.txt'],
    ],
    run: (way) => ['.venv/bin/python', 'connector.py', way],
  },
  {
    name: 'java',
    probe: ['mvn', '--version'],
    prepare: [['mvn', '-q', '-B', 'compile']],
    run: (way) => ['mvn', '-q', '-B', 'exec:java', '-Dexec.mainClass=Connector', `-Dexec.args=${way}`],
  },
  {
    name: 'go',
    probe: ['go', 'version'],
    prepare: [['go', 'build', '-o', 'connector', '.']],
    run: (way) => ['./connector', way],
  },
]
const ways = ['http', 'kafka']
const examples = join(import.meta.dirname, '../../docs/connectors/examples')

const execute = ([program, ...args]: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(program as string, args, { cwd, env, encoding: 'utf8', timeout: 300_000 })

const settingsOf = (world: World, account: string): NodeJS.ProcessEnv => {
  const { gateway, brokers, registry } = world.pipeline.ready
  const { INGEST_TOKEN } = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8'))
  return { GATEWAY: gateway, INGEST_TOKEN, KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registry, ACCOUNT_ID: account }
}

const connect = async ({ pipeline, file }: World, account: string) => {
  const connection = {
    ...{ connectionId: account, tenantId: 'examples', source: 'whatsapp', accountId: account },
    ...{ advertiserId: '7', eventSetId: 'set', accessToken: 'token' },
  }
  for (const args of [
    ['connections', 'add', '--file', file('connection.json', JSON.stringify(connection))],
    ['keywords', 'import', file('keywords.csv', 'keyword,flag\npago,payment\n')],
  ]) {
    const { code, stderr } = await pipeline.signals(...args)
    if (code !== 0) throw new Error(stderr)
  }
}

const account = 'examples'
const checks = new Checks()
const folder = mkdtempSync(join(tmpdir(), 'signals-connectors-'))
const world = await openWorld({ LOG_LEVEL: 'warn' })
try {
  await connect(world, account)
  let runs = 0
  for (const { name, probe, prepare, run } of languages) {
    if (execute(probe, folder).status !== 0) {
      print(`skipped: ${name} (${probe[0]} is missing)`)
      continue
    }
    const cwd = join(folder, name)
    cpSync(join(examples, name), cwd, { recursive: true })
    const failed = prepare.map((step) => execute(step, cwd)).find(({ status }) => status !== 0)
    checks.check(`${name} installs`, !failed, failed ? `${failed.error?.message ?? failed.stderr}` : '')
    if (failed) continue
    for (const way of ways) {
      const env = { ...process.env, ...settingsOf(world, account), CONVERSATION: `${name}-${way}` }
      const { status, stdout, stderr } = execute(run(way), cwd, env)
      checks.check(`${name} produces by ${way}`, status === 0, status === 0 ? stdout.trim() : stderr.trim())
      runs++
    }
  }
  const expected = 2 * runs
  await eventually(`${expected} events at TikTok`, async () => (await world.arrived()).length >= expected, 60_000)
  const events = await world.arrived()
  const attributed = events.filter(({ user }) => user.ttclid === 'E.C.P.example-1')
  const conversations = attributed.filter(({ event }) => event === 'Conversation')
  checks.check(
    'TikTok has one conversation a run, with its tracking ID',
    conversations.length === runs,
    `${conversations.length} of ${runs}`,
  )
  checks.check(
    'TikTok has one keyword signal a run, with its tracking ID',
    attributed.length === expected,
    `${attributed.length - conversations.length} of ${runs}`,
  )
  checks.check('TikTok has nothing else', events.length === expected, `${events.length} events`)
} finally {
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
}
process.exit(checks.failed > 0 ? 1 : 0)
