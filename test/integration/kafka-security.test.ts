import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import type { Broker, RunningConsumer } from '../../services/runtime/ports.ts'
import { eventually } from '../support/eventually.ts'
import { expectAnswer } from '../support/mistakes.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { isSlowRun } from '../support/slow.ts'

let kafka: OwnKafka
let plain: Broker
const topic = 'it-secure'
beforeAll(async () => {
  kafka = await OwnKafka.start()
  plain = openBroker(kafkaSettingsOf({}, kafka.addresses.plain, 'it'))
  await eventually('the topic', async () => {
    await plain.createTopics([{ name: topic, partitions: 1, config: {} }]).catch(() => {})
    return (await plain.listTopics().catch(() => [])).length === 1
  })
}, 120_000)
afterAll(async () => {
  await plain?.close()
  await kafka?.stop()
})

const file = (name: string) => join(kafka.dir, name)
const userOf = (mechanism: string, password = 'wonder', name = 'alice') => ({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: name,
  KAFKA_SASL_PASSWORD: password,
})

describe('the answer to a newcomer', () => {
  type Listener = keyof OwnKafka['addresses']
  const tls = () => ({ KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: file('ca.pem') })
  const login = { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT' }
  const protocol = 'set KAFKA_SECURITY_PROTOCOL to what the listener in KAFKA_BROKERS speaks'
  const refused = 'Kafka refuses the user: check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD'
  const authority = 'set KAFKA_SSL_CA to the certificate that signed it'
  const certificate = 'KAFKA_SSL_CERT and KAFKA_SSL_KEY if it demands a certificate'

  it.each<[string, Listener, () => Readonly<Record<string, string>>, string | RegExp]>([
    ['a wrong password', 'sasl', () => ({ ...login, ...userOf('SCRAM-SHA-512', 'rabbit') }), refused],
    ['an unknown user', 'sasl', () => ({ ...login, ...userOf('PLAIN', 'wonder', 'bob') }), refused],
    [
      'a wrong password under TLS',
      'both',
      () => ({ ...tls(), KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...userOf('PLAIN', 'rabbit') }),
      refused,
    ],
    [
      'a login where none is asked',
      'plain',
      () => ({ ...login, ...userOf('PLAIN') }),
      /KAFKA_SASL_MECHANISM|KAFKA_SECURITY_PROTOCOL/,
    ],
    ['no login where one is asked', 'sasl', () => ({}), protocol],
    ['TLS where none is spoken', 'plain', tls, protocol],
    ['no TLS where it is spoken', 'both', () => ({}), protocol],
    ['no authority', 'both', () => ({ KAFKA_SECURITY_PROTOCOL: 'SSL' }), authority],
    ['another authority', 'both', () => ({ ...tls(), KAFKA_SSL_CA: file('other-ca.pem') }), authority],
    ['no certificate where one is asked', 'ssl', tls, certificate],
  ])('names cause and remedy of %s', async (what, listener, settings, says) => {
    const env = { ...settings(), KAFKA_BROKERS: kafka.addresses[listener] }
    await expectAnswer({ what, args: 'lag', env, code: 1, says: [says] })
  })

  it.each([
    ['an expired certificate', 'expired', '127.0.0.1', /not valid today: renew it/],
    ['a certificate of another host', 'broker', '127.0.0.2', /names another host: set KAFKA_BROKERS/],
  ])('names cause and remedy of %s', async (what, name, host, says) => {
    const pem = (ending: string) => readFileSync(file(`${name}.${ending}`))
    const server = createServer({ cert: pem('pem'), key: pem('key') }, (socket) => socket.on('error', () => {}))
    await once(server.listen(0, host), 'listening')
    const { port } = server.address() as AddressInfo
    try {
      await expectAnswer({
        what,
        args: 'lag',
        env: { ...tls(), KAFKA_BROKERS: `${host}:${port}` },
        code: 1,
        says: [says],
      })
    } finally {
      server.close()
    }
  })
})

describe.each(['platformatic', 'kafkajs'])('%s', (client) => {
  const opened: Broker[] = []
  const running: RunningConsumer[] = []
  afterEach(async () => {
    for (const consumer of running.splice(0)) await consumer.stop()
    for (const broker of opened.splice(0)) await broker.close()
  })
  const open = (listener: keyof OwnKafka['addresses'], env: NodeJS.ProcessEnv) => {
    const broker = openBroker(kafkaSettingsOf({ KAFKA_CLIENT: client, ...env }, kafka.addresses[listener], 'it'))
    opened.push(broker)
    return broker
  }
  /** Sends and reads one record. */
  const roundTrip = async (broker: Broker) => {
    const value = `${Math.random()}`
    const producer = await broker.producer()
    await producer.send([{ topic, key: 'k', value: Buffer.from(value) }])
    await producer.close()
    const seen: string[] = []
    const consumer = await broker.consume({
      group: `it-${value}`,
      topics: [topic],
      from: 'earliest',
      onBatch: async ({ records }) => void seen.push(...records.map((record) => String(record.value))) as undefined,
    })
    await eventually('the record', () => seen.includes(value))
    await consumer.stop()
  }
  /** The message of the first thing that the client is asked to do. */
  const problem = async (broker: Broker): Promise<string> => {
    try {
      const producer = await broker.producer()
      await producer.send([{ topic, key: 'k', value: Buffer.from('v') }])
      await producer.close()
      return 'none'
    } catch (error) {
      return (error as Error).message
    }
  }

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'logs in by %s, in the open and under TLS',
    async (mechanism) => {
      await roundTrip(open('sasl', { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...userOf(mechanism) }))
      const tls = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SSL_CA: file('ca.pem') }
      await roundTrip(open('both', { ...tls, ...userOf(mechanism) }))
    },
  )

  it('shows a certificate of its own, given as files or as text', async () => {
    const files = {
      KAFKA_SSL_CA: file('ca.pem'),
      KAFKA_SSL_CERT: file('client.pem'),
      KAFKA_SSL_KEY: file('client.key'),
    }
    await roundTrip(open('ssl', { KAFKA_SECURITY_PROTOCOL: 'SSL', ...files }))
    const text = Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path, 'utf8')]))
    await roundTrip(open('ssl', { KAFKA_SECURITY_PROTOCOL: 'SSL', ...text }))
  })

  it.each(['PLAIN', 'SCRAM-SHA-256'])('says that the password is wrong (%s)', async (mechanism) => {
    const env = { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...userOf(mechanism, 'rabbit') }
    const broker = open('sasl', env)
    expect(await problem(broker)).toMatch(/^Kafka refuses the user: check KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD/)
    await expect(broker.listTopics()).rejects.toThrow(/KAFKA_SASL_PASSWORD/)
    const consuming = broker.consume({ group: 'g', topics: [topic], from: 'earliest', onBatch: async () => undefined })
    await expect(consuming).rejects.toThrow(/KAFKA_SASL_PASSWORD/)
  })

  it('says that nobody it trusts has signed the certificate', async () => {
    const env = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...userOf('PLAIN') }
    expect(await problem(open('both', env))).toMatch(/unknown authority: set KAFKA_SSL_CA/)
    expect(await problem(open('both', { ...env, KAFKA_SSL_CA: file('other-ca.pem') }))).toMatch(/set KAFKA_SSL_CA/)
  })

  it('says that the broker demands a certificate', async () => {
    const env = { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: file('ca.pem') }
    expect(await problem(open('ssl', env))).toMatch(/KAFKA_SSL_CERT and KAFKA_SSL_KEY|KAFKA_SECURITY_PROTOCOL/)
  })

  it('says that the listener speaks something else', async () => {
    const ca = { KAFKA_SSL_CA: file('ca.pem') }
    expect(await problem(open('plain', { KAFKA_SECURITY_PROTOCOL: 'SSL', ...ca }))).toMatch(/KAFKA_SECURITY_PROTOCOL/)
    expect(await problem(open('both', {}))).toMatch(/KAFKA_SECURITY_PROTOCOL/)
    expect(await problem(open('sasl', {}))).toMatch(/KAFKA_SECURITY_PROTOCOL/)
  })

  it('says which permission is missing', async () => {
    const weak = open('sasl', { KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...userOf('PLAIN', 'weak', 'weak') })
    expect(await problem(weak)).toMatch(/grant it the ACL/)
    await expect(weak.createTopics([{ name: 'it-no', partitions: 1, config: {} }])).rejects.toThrow(/grant it the ACL/)
    const reasons: string[] = []
    await weak
      .consume({
        ...{ group: 'g', topics: [topic], from: 'earliest', onBatch: async () => undefined },
        onConnection: (_state, reason) => void reasons.push(String(reason)),
      })
      .then(
        async (consumer) => {
          await eventually('a reason', () => reasons.some((reason) => /grant it/.test(reason)))
          await consumer.stop()
        },
        (error: Error) => expect(error.message).toMatch(/grant it/),
      )
  })

  it('says that there is no such topic', async () => {
    const broker = open('plain', {})
    const producer = await broker.producer()
    const sending = producer.send([{ topic: 'it-none', key: 'k', value: null }])
    await expect(sending).rejects.toThrow(/does not have a requested topic.*signals topics plan/)
    await producer.close()
  })

  const itOf = client === 'platformatic' || isSlowRun ? it : () => {}
  itOf(
    'tells when Kafka is away and when it is back, and goes on',
    async () => {
      const broker = open('plain', {})
      const group = `it-back-${client}`
      const states: string[] = []
      const seen: string[] = []
      const consumer = await broker.consume({
        ...{ group, topics: [topic], from: 'latest' },
        onConnection: (state) => states.push(state),
        onBatch: async ({ records }) => void seen.push(...records.map(({ value }) => String(value))) as undefined,
      })
      running.push(consumer)
      await eventually('up', () => states.at(-1) === 'up')
      const producer = await broker.producer()
      const send = (value: string) => producer.send([{ topic, key: 'k', value: Buffer.from(value) }])
      await eventually('a first record', async () => {
        await send('before')
        return seen.includes('before')
      })
      // Without a commit the group would start again at the end of the log, after the record that is sent below.
      await eventually('its commit', async () => {
        const [offsets] = await plain.offsets(group, topic)
        return offsets?.committed === offsets?.high
      })
      await kafka.kill()
      await eventually('down', () => states.at(-1) === 'down', 40_000)
      await expect(send('meanwhile')).rejects.toThrow(/Kafka(: no process listens| does not answer)/)
      await kafka.resume()
      await eventually(
        'a record',
        () =>
          send('after').then(
            () => true,
            () => false,
          ),
        40_000,
      )
      await eventually('up again', () => states.at(-1) === 'up' && seen.includes('after'), 40_000)
      await producer.close()
    },
    180_000,
  )
})
