import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import type { AclOperation, AclProcess, Right } from '../../services/tools/topics/acls.ts'
import { masterKey } from '../support/builders.ts'
import { eventually } from '../support/eventually.ts'
import { freePort, OwnKafka } from '../support/own-kafka.ts'
import { realParts } from '../support/real-parts.ts'

const root = join(import.meta.dirname, '../..')
const prefix = `it.acls-${process.pid}.`
const principalPrefix = 'shop-'
const names: readonly AclProcess[] = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch', 'control', 'operator']
const account = { source: 'whatsapp', accountId: '106540352242922' }
const ingestToken = 'an-ingest-token-of-the-test'
const dir = mkdtempSync(join(tmpdir(), 'signals-acls-'))
const file = (name: string) => join(dir, name)

let kafka: OwnKafka
const children = new Map<string, ChildProcess>()

const environmentOf = (name: AclProcess): NodeJS.ProcessEnv => {
  const { PATH, HOME } = process.env
  return {
    ...{ PATH, HOME, SIGNALS_MASTER_KEY: masterKey, SIGNALS_DATA_DIR: dir },
    KAFKA_BROKERS: kafka.addresses.sasl,
    KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: `${principalPrefix}${name}`,
    KAFKA_SASL_PASSWORD: 'wonder',
    KAFKA_TOPIC_PREFIX: prefix,
    REDIS_URL: realParts().redis,
    SCHEMA_REGISTRY_URL: realParts().registry,
    INGEST_TOKEN: ingestToken,
    ATTRIBUTION_WAIT: '0s',
    KAFKA_INSTANCE_ID: `${name}-0`,
    KAFKA_COMPRESSION: 'zstd',
  }
}

const signals = async (...args: string[]): Promise<string> => signalsAs({}, ...args)

/** With other settings than the operator's. @throws with the output of a command that fails */
const signalsAs = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> => {
  const child = spawn(process.execPath, ['services/cli/signals.js', ...args], {
    ...{ cwd: root, env: { ...environmentOf('operator'), ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  const texts = ['', '']
  for (const [at, stream] of [child.stdout, child.stderr].entries())
    stream?.setEncoding('utf8').on('data', (part: string) => {
      texts[at] += part
    })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`signals ${args.join(' ')}: ${code} ${texts.join('\n')}`)
  return texts[0] ?? ''
}

const start = (name: string, program: string, env: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, [program], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part
    writeFileSync(file(`${name}.log`), text)
  })
  children.set(name, child)
}

const isOk = async (url: string) => (await fetch(url).catch(() => null))?.ok ?? false

/** The rights that the command prints, and nothing else. */
const grant = async () => {
  const printed = await signals('topics', 'acls', '--principal-prefix', principalPrefix, '--json')
  const { processes } = JSON.parse(printed) as { processes: { principal: string; rights: Right[] }[] }
  const codeOf = (operation: AclOperation) =>
    AclOperations[operation.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() as 'READ']
  const creations = processes.flatMap(({ principal, rights }) =>
    rights.flatMap(({ resource, name, pattern, operations }) =>
      operations.map((operation) => ({
        resourceType: resource === 'topic' ? ResourceTypes.TOPIC : ResourceTypes.GROUP,
        resourceName: name,
        resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
        ...{ principal, host: '*', operation: codeOf(operation), permissionType: AclPermissionTypes.ALLOW },
      })),
    ),
  )
  const admin = new Admin({ clientId: 'it', bootstrapBrokers: [kafka.addresses.plain] })
  await admin.createAcls({ creations })
  await admin.close()
}

beforeAll(async () => {
  const users = names.map((name) => `user_${principalPrefix}${name}="wonder"`).join(' ')
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  kafka = await OwnKafka.start({
    lines: [`listener.name.sasl_plaintext.plain.sasl.jaas.config=${plain} ${users};`, 'super.users=User:ANONYMOUS'],
  })
}, 120_000)
afterAll(async () => {
  for (const child of children.values()) {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  await kafka?.stop()
  rmSync(dir, { recursive: true, force: true })
})

it('is enough for every process, behind a prefix, from the first topic to the signal', async () => {
  await eventually(
    'the broker serves ACLs',
    () =>
      grant().then(
        () => true,
        () => false,
      ),
    30_000,
  )
  await signals('topics', 'apply')
  const ports = await Promise.all(Array.from({ length: 8 }, freePort))
  const [simulator, gateway, control, ...metrics] = ports as [number, number, number, ...number[]]
  const at = (port: number | undefined, path = '') => `http://127.0.0.1:${port}${path}`
  const tiktok = { TIKTOK_BASE_URL: at(simulator) }
  start('simulator', 'services/local/simulator/main.ts', {
    ...environmentOf('dispatch'),
    SIMULATOR_PORT: String(simulator),
  })
  start('control', 'services/control/main.ts', {
    ...environmentOf('control'),
    ...tiktok,
    CONSOLE_PORT: String(control),
  })
  for (const [n, name] of names.slice(0, 5).entries())
    start(name, `services/${name}/main.ts`, {
      ...{ ...environmentOf(name), ...tiktok, METRICS_PORT: String(metrics[n]) },
      ...(name === 'gateway' ? { GATEWAY_PORT: String(gateway) } : {}),
    })
  const connection = { connectionId: 'shop', tenantId: 'shop', ...account, advertiserId: '701', eventSetId: '901' }
  writeFileSync(file('connection.json'), JSON.stringify({ ...connection, accessToken: 'token-wa' }))
  writeFileSync(file('keywords.csv'), 'keyword,flag\npago,payment\n')
  await signals('connections', 'add', '--file', file('connection.json'))
  await signals('keywords', 'import', file('keywords.csv'))
  const ready = [...metrics.map((port) => at(port, '/readyz')), at(control, '/readyz')]
  await eventually('every process is ready', async () => (await Promise.all(ready.map(isOk))).every(Boolean), 40_000)

  const event = {
    ...{ ...account, channel: 'whatsapp', conversationId: 'c-1', messageId: 'm-1', kind: 'message' },
    ...{ direction: 'inbound', sender: 'user', occurredAt: Date.now(), timeSource: 'event' },
    ...{ text: 'el pago', textOrigin: 'typed' },
  }
  const headers = { authorization: `Bearer ${ingestToken}`, 'content-type': 'application/json' }
  const posted = await fetch(at(gateway, '/v1/message-events'), {
    method: 'POST',
    headers,
    body: JSON.stringify(event),
  })
  if (!posted.ok) throw new Error(await posted.text())
  await eventually('the signal', async () => {
    const { events } = (await (await fetch(at(simulator, '/_events?limit=10'))).json()) as { events: unknown[] }
    return events.length >= 2
  })
  const findings = JSON.parse(
    await signals('doctor', '--json').catch((error: Error) => error.message.slice(error.message.indexOf('['))),
  ) as { what: string }[]
  expect(findings.map(({ what }) => what).filter((what) => /denies|grant/.test(what))).toEqual([])
  for (const name of children.keys()) expect(readFileSync(file(`${name}.log`), 'utf8')).not.toMatch(/denies this user/)
}, 120_000)

it('is missed with the remedy, by the doctor too', async () => {
  const findings = (env: NodeJS.ProcessEnv) =>
    signalsAs(env, 'doctor').then(
      (text) => text,
      (error: Error) => error.message,
    )
  const [password, right] = await Promise.all([
    findings({ KAFKA_SASL_PASSWORD: 'rabbit' }),
    findings({ KAFKA_SASL_USERNAME: `${principalPrefix}gateway` }),
  ])
  expect(password).toMatch(
    /Kafka at [\d.:]+: Kafka refuses the user\n\s+→ check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD/,
  )
  expect(right).toMatch(/Kafka denies this user a topic\n\s+→ grant it the ACL/)
}, 60_000)
