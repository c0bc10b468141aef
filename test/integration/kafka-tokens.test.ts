import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'node:tls'
import { fetchArtefacts } from '../../services/local/parts/artefacts.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import type { Broker } from '../../services/runtime/ports.ts'
import { eventually } from '../support/eventually.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { audience, awsKeys, oauthClients, openTokenServer, type TokenServer } from '../support/token-server.ts'

const topic = 'it-tokens'
const region = 'eu-central-1'
/** Kafka refuses a second re-login within a second, and a client may do so with a token shorter than this. */
const briefSeconds = 6
/** A listener for each client: it demands a new login after this time. platformatic logs in again at 80 % of it, kafkajs 10 s earlier. */
const sessionMs = { platformatic: 3_000, kafkajs: 12_000 }
const classes = mkdtempSync(join(tmpdir(), 'signals-java-'))
let kafka: OwnKafka
let server: TokenServer
let plain: Broker

const loginModule = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required'
const listener = (name: string, validator: string, sessionMs = 3_600_000) => [
  `listener.name.${name}.sasl.enabled.mechanisms=OAUTHBEARER`,
  `listener.name.${name}.oauthbearer.sasl.jaas.config=${loginModule} unsecuredLoginStringClaim_sub="broker";`,
  `listener.name.${name}.oauthbearer.sasl.server.callback.handler.class=${validator}`,
  `listener.name.${name}.oauthbearer.connections.max.reauth.ms=${sessionMs}`,
]

beforeAll(async () => {
  server = await openTokenServer(region, briefSeconds)
  const { kafkaClasspath } = await fetchArtefacts(process.env, () => {})
  const source = join(import.meta.dirname, '../support/java/AskTest.java')
  execFileSync('javac', ['-cp', kafkaClasspath, '-d', classes, source], { stdio: 'inherit' })
  kafka = await OwnKafka.start({
    classes,
    listeners: ['oauth', ...Object.keys(sessionMs)],
    jvm: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${server.keysUrl}`, `-Dsignals.judge=${server.judgeUrl}`],
    lines: [
      ...listener('oauth', 'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler'),
      ...Object.entries(sessionMs).flatMap(([client, ms]) => listener(client, 'AskTest', ms)),
      `sasl.oauthbearer.jwks.endpoint.url=${server.keysUrl}`,
      `sasl.oauthbearer.expected.audience=${audience}`,
      `super.users=User:ANONYMOUS;${[oauthClients.brief.id, oauthClients.lasting.id, awsKeys.id].map((name) => `User:${name}`).join(';')}`,
    ],
  })
  plain = openBroker(kafkaSettingsOf({}, kafka.addresses.plain, 'it'))
  await eventually('the topic', async () => {
    await plain.createTopics([{ name: topic, partitions: 1, config: {} }]).catch(() => {})
    return (await plain.listTopics().catch(() => [])).length === 1
  })
}, 120_000)
afterAll(async () => {
  await plain?.close()
  await kafka?.stop()
  server?.close()
  rmSync(classes, { recursive: true, force: true })
})

describe.each(['platformatic', 'kafkajs'] as const)('%s', (client) => {
  const opened: Broker[] = []
  afterEach(async () => {
    for (const broker of opened.splice(0)) await broker.close()
  })
  const open = (name: string, env: NodeJS.ProcessEnv) => {
    const all = { KAFKA_CLIENT: client, KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...env }
    const broker = openBroker(kafkaSettingsOf(all, kafka.more[name] ?? '', 'it'))
    opened.push(broker)
    return broker
  }
  const oauth = (more: NodeJS.ProcessEnv = {}) =>
    open('oauth', {
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_OAUTH_TOKEN_URL: server.tokenUrl,
      KAFKA_OAUTH_CLIENT_ID: oauthClients.lasting.id,
      KAFKA_OAUTH_CLIENT_SECRET: oauthClients.lasting.secret,
      KAFKA_OAUTH_SCOPE: 'kafka',
      ...more,
    })
  const problem = async (broker: Broker): Promise<string> => {
    const producer = await broker.producer().catch((error: Error) => error.message)
    if (typeof producer === 'string') return producer
    const problem = await producer.send([{ topic, key: 'k', value: null }]).then(
      () => 'none',
      (error: Error) => error.message,
    )
    await producer.close()
    return problem
  }
  /** Produces and consumes for longer than the first token is valid; nothing may fail or be lost meanwhile. */
  const flow = async (broker: Broker, ms: number) => {
    const seen = new Set<string>()
    const states: string[] = []
    const consumer = await broker.consume({
      ...{ group: `it-${client}-${Math.random()}`, topics: [topic], from: 'earliest' },
      onConnection: (state) => states.push(state),
      onBatch: async ({ records }) => {
        for (const { value } of records) seen.add(String(value))
        return undefined
      },
    })
    const producer = await broker.producer()
    const sent: string[] = []
    for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
      const value = `${client}-${Math.random()}`
      await producer.send([{ topic, key: 'k', value: Buffer.from(value) }])
      sent.push(value)
    }
    await eventually('all records', () => sent.every((value) => seen.has(value)))
    // A new broker may still look for the group's coordinator.
    const during = states.slice(states.indexOf('up'))
    await producer.close()
    await consumer.stop()
    return during
  }

  it('logs in by tokens of an endpoint, one for all its connections', async () => {
    const before = server.tokens()
    expect(await flow(oauth(), 100)).toEqual(['up'])
    expect(server.tokens() - before).toBe(1)
  })

  it('logs in by a URL that the keys of AWS sign, and again on open connections', async () => {
    const keys = { AWS_ACCESS_KEY_ID: awsKeys.id, AWS_SECRET_ACCESS_KEY: awsKeys.secret }
    Object.assign(process.env, keys)
    const msk = (region_: string) => open(client, { KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM', AWS_REGION: region_ })
    try {
      const before = server.judged()
      expect(await flow(msk(region), 4_000)).toEqual(['up'])
      // Each connection twice.
      expect(server.judged() - before).toBeGreaterThan(4)
      expect(await problem(msk('us-east-1'))).toMatch(/Kafka refuses the token.*kafka-cluster:Connect/)
    } finally {
      for (const name of Object.keys(keys)) delete process.env[name]
    }
  })

  it('says what is wrong with the token', async () => {
    expect(await problem(oauth({ KAFKA_OAUTH_CLIENT_SECRET: 'wrong' }))).toMatch(
      /check KAFKA_OAUTH_CLIENT_ID and KAFKA_OAUTH_CLIENT_SECRET/,
    )
    expect(await problem(oauth({ KAFKA_OAUTH_SCOPE: 'other' }))).toMatch(/check KAFKA_OAUTH_SCOPE/)
    expect(await problem(oauth({ KAFKA_OAUTH_TOKEN_URL: 'http://127.0.0.1:9/token' }))).toMatch(
      /check KAFKA_OAUTH_TOKEN_URL/,
    )
    const refused = openBroker({
      ...kafkaSettingsOf({ KAFKA_CLIENT: client }, kafka.more.oauth as string, 'it'),
      sasl: { mechanism: 'OAUTHBEARER', token: async () => 'a.b.c', extensions: {} },
    })
    opened.push(refused)
    expect(await problem(refused)).toMatch(/Kafka refuses the token/)
  })
})

it.each(['platformatic', 'kafkajs'])('says that the certificate of a broker has expired (%s)', async (client) => {
  const [key, cert, ca] = ['expired.key', 'expired.pem', 'ca.pem'].map((name) => readFileSync(join(kafka.dir, name)))
  const listener = createServer({ key, cert })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const env = { KAFKA_CLIENT: client, KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: String(ca) }
  const broker = openBroker(kafkaSettingsOf(env, `127.0.0.1:${(listener.address() as AddressInfo).port}`, 'it'))
  await expect(broker.producer()).rejects.toThrow(/^Kafka's certificate is not valid today: renew it at the broker/)
  await broker.close()
  listener.close()
})

it('has a newer token before one expires', async () => {
  const { brief } = oauthClients
  const env = {
    ...{ KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_SASL_MECHANISM: 'OAUTHBEARER' },
    ...{
      KAFKA_OAUTH_TOKEN_URL: server.tokenUrl,
      KAFKA_OAUTH_CLIENT_ID: brief.id,
      KAFKA_OAUTH_CLIENT_SECRET: brief.secret,
    },
  }
  const broker = openBroker(kafkaSettingsOf(env, kafka.more.oauth as string, 'it'))
  const before = server.tokens()
  const producer = await broker.producer()
  for (const end = Date.now() + briefSeconds * 1_200; Date.now() < end; await sleep(50))
    await producer.send([{ topic, key: 'k', value: null }])
  await producer.close()
  await broker.close()
  expect(server.tokens() - before).toBeGreaterThanOrEqual(2)
  expect(server.tokens() - before).toBeLessThanOrEqual(3)
}, 20_000)

it('sends compressed batches by both clients, which both read', async () => {
  const settings = (client: string, name = 'none') =>
    kafkaSettingsOf({ KAFKA_CLIENT: client, KAFKA_COMPRESSION: name }, kafka.addresses.plain, 'it')
  const sent: string[] = []
  const [before] = await plain.offsets('it-compression', topic)
  for (const client of ['platformatic', 'kafkajs'])
    for (const name of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const broker = openBroker(settings(client, name))
      const producer = await broker.producer()
      const value = `${client} ${name} ${'text '.repeat(200)}`
      await producer.send([{ topic, key: 'k', value: Buffer.from(value), headers: { name } }])
      sent.push(value)
      await producer.close()
      await broker.close()
    }
  const [after] = await plain.offsets('it-compression', topic)
  const range = { partition: 0, from: before?.high ?? 0n, to: after?.high ?? 0n }
  const read: string[] = []
  await plain.read(topic, [range], (records) => void read.push(...records.map(({ value }) => String(value))))
  expect(read).toEqual(sent)
  const seen = new Set<string>()
  const reader = openBroker(settings('kafkajs'))
  const consumer = await reader.consume({
    ...{ group: 'it-compression', topics: [topic], from: 'earliest' },
    onBatch: async ({ records }) => {
      for (const { value } of records) seen.add(String(value))
      return undefined
    },
  })
  await eventually('all of them by kafkajs', () => sent.every((value) => seen.has(value)))
  await consumer.stop()
  await reader.close()
}, 30_000)
