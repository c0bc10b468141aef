/** A Kafka of a test's own, that it may stop: with TLS, SASL and ACLs beside a plain listener. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchArtefacts } from '../../services/local/parts/artefacts.ts'
import { makeCertificates } from './certificates.ts'
import { eventually } from './eventually.ts'

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

const module_ = (name: string) => `org.apache.kafka.common.security.${name} required`

/** What a test adds to the broker. */
export interface MoreOfKafka {
  /** Further listeners without TLS, by lower-case name, that demand a login. */
  readonly listeners?: readonly string[]
  /** Lines of `kafka.properties`; a later line replaces an earlier one. */
  readonly lines?: readonly string[]
  readonly jvm?: readonly string[]
  /** A folder of Java classes. */
  readonly classes?: string
}

const settingsOf = (
  dir: string,
  ports: Record<'plain' | 'ssl' | 'sasl' | 'both' | 'controller', number>,
  more: ReadonlyMap<string, number>,
  lines: readonly string[],
) => `
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${ports.plain},SSL://127.0.0.1:${ports.ssl},SASL_PLAINTEXT://127.0.0.1:${ports.sasl},SASL_SSL://127.0.0.1:${ports.both}${placesOf(more)},CONTROLLER://127.0.0.1:${ports.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${ports.plain},SSL://127.0.0.1:${ports.ssl},SASL_PLAINTEXT://127.0.0.1:${ports.sasl},SASL_SSL://127.0.0.1:${ports.both}${placesOf(more)}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL${Array.from(more.keys(), (name) => `,${name.toUpperCase()}:SASL_PLAINTEXT`).join('')}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:${ports.controller}
inter.broker.listener.name=PLAINTEXT
log.dirs=${dir}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=16777216
log.index.size.max.bytes=1048576
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:alice
ssl.keystore.type=PKCS12
ssl.keystore.location=${dir}/broker.p12
ssl.keystore.password=secret
ssl.key.password=secret
ssl.truststore.type=PEM
ssl.truststore.location=${dir}/ca.pem
listener.name.ssl.ssl.client.auth=required
listener.name.ssl.ssl.principal.mapping.rules=RULE:.*CN=client.*/alice/
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
${['sasl_plaintext', 'sasl_ssl']
  .flatMap((listener) => [
    `listener.name.${listener}.plain.sasl.jaas.config=${module_('plain.PlainLoginModule')} user_alice="wonder" user_weak="weak";`,
    `listener.name.${listener}.scram-sha-256.sasl.jaas.config=${module_('scram.ScramLoginModule')};`,
    `listener.name.${listener}.scram-sha-512.sasl.jaas.config=${module_('scram.ScramLoginModule')};`,
  ])
  .join('\n')}
${lines.join('\n')}
`

const placesOf = (more: ReadonlyMap<string, number>) =>
  Array.from(more, ([name, port]) => `,${name.toUpperCase()}://127.0.0.1:${port}`).join('')

export class OwnKafka {
  readonly dir = mkdtempSync(join(tmpdir(), 'signals-own-kafka-'))
  /** host:port of each listener. SSL demands a client certificate. */
  readonly addresses = { plain: '', ssl: '', sasl: '', both: '' }
  /** host:port of each listener that a test added. */
  readonly more: Record<string, string> = {}
  #java: readonly string[] = []
  #process: ChildProcess | undefined
  #port = 0

  static async start(more: MoreOfKafka = {}): Promise<OwnKafka> {
    const kafka = new OwnKafka()
    await kafka.#prepare(more)
    await kafka.resume()
    return kafka
  }

  async #prepare({ listeners = [], lines = [], jvm: moreJvm = [], classes }: MoreOfKafka) {
    makeCertificates(this.dir)
    const { kafkaClasspath } = await fetchArtefacts(process.env, () => {})
    const names = ['plain', 'ssl', 'sasl', 'both', 'controller'] as const
    const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()] as const)))
    this.#port = ports.plain as number
    for (const name of names) if (name !== 'controller') this.addresses[name] = `127.0.0.1:${ports[name]}`
    const more = new Map(await Promise.all(listeners.map(async (name) => [name, await freePort()] as const)))
    for (const [name, port] of more) this.more[name] = `127.0.0.1:${port}`
    const settings = join(this.dir, 'kafka.properties')
    writeFileSync(settings, settingsOf(this.dir, ports as Record<(typeof names)[number], number>, more, lines))
    const classpath = classes === undefined ? kafkaClasspath : `${classes}:${kafkaClasspath}`
    const jvm = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...moreJvm, '-cp', classpath]
    const users = ['256', '512'].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=alice,password=wonder]`])
    const cluster = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
    const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${cluster}`, '-c', settings, ...users]
    execFileSync('java', [...jvm, ...format], { stdio: 'ignore' })
    this.#java = [...jvm, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', 'kafka.Kafka', settings]
  }

  /** As it was before, on the same ports. */
  async resume(): Promise<void> {
    this.#process = spawn('java', this.#java, { stdio: 'ignore' })
    await eventually('Kafka', () => accepts(this.#port), 60_000)
  }

  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
