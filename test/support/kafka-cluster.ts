/** Three brokers, each a controller too, with three copies of every partition. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchArtefacts } from '../../services/local/parts/artefacts.ts'
import { freePort } from './own-kafka.ts'

interface Node {
  readonly id: number
  readonly port: number
  readonly controllerPort: number
}

const settingsOf = (
  { id, port, controllerPort }: Node,
  nodes: readonly Node[],
  dir: string,
  more: readonly string[],
) => `
process.roles=broker,controller
node.id=${id}
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=${nodes.map((node) => `${node.id}@127.0.0.1:${node.controllerPort}`).join(',')}
log.dirs=${dir}/data-${id}
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=3
background.threads=2
log.cleaner.dedupe.buffer.size=8388608
log.index.size.max.bytes=1048576
${more.join('\n')}
`

export class KafkaCluster {
  readonly #dir = mkdtempSync(join(tmpdir(), 'signals-brokers-'))
  readonly #processes = new Map<number, ChildProcess>()
  readonly #jvm: readonly string[]
  readonly nodes: readonly Node[]

  private constructor(nodes: readonly Node[], classpath: string) {
    this.nodes = nodes
    const heap = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
    this.#jvm = [...heap, '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classpath]
  }

  /** @param more lines of each broker's settings */
  static async start(more: readonly string[] = []): Promise<KafkaCluster> {
    const { kafkaClasspath } = await fetchArtefacts(process.env, () => {})
    const ports = await Promise.all(Array.from({ length: 6 }, freePort))
    const nodes = [1, 2, 3].map((id) => ({
      id,
      port: ports[id - 1] as number,
      controllerPort: ports[id + 2] as number,
    }))
    const cluster = new KafkaCluster(nodes, kafkaClasspath)
    const clusterId = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
    for (const node of nodes) {
      const path = cluster.#settings(node.id)
      writeFileSync(path, settingsOf(node, nodes, cluster.#dir, more))
      const format = ['kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '-c', path]
      execFileSync('java', [...cluster.#jvm, ...format], { stdio: 'ignore' })
    }
    for (const { id } of nodes) cluster.resume(id)
    return cluster
  }

  /** host:port, comma separated */
  get brokers(): string {
    return this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  #settings(id: number): string {
    return join(this.#dir, `${id}.properties`)
  }

  resume(id: number): void {
    this.#processes.set(id, spawn('java', [...this.#jvm, 'kafka.Kafka', this.#settings(id)], { stdio: 'ignore' }))
  }

  isRunning(id: number): boolean {
    const child = this.#processes.get(id)
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** Freezes the broker (SIGSTOP), or lets it go on. */
  freeze(id: number, isFrozen: boolean): void {
    this.#processes.get(id)?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT')
  }

  /** As a machine that loses its power. */
  async kill(id: number): Promise<void> {
    const child = this.#processes.get(id)
    this.#processes.delete(id)
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    for (const { id } of this.nodes) await this.kill(id)
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
