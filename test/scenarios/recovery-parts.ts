/** Parts of the recovery and upgrade scenarios: a Kafka and a registry that can be lost for good, a TikTok that remembers, and what it must have received. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pipeline } from '../../services/local/demo/pipeline.ts'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { fetchArtefacts } from '../../services/local/parts/artefacts.ts'
import { registryPath } from '../../services/local/parts/infrastructure.ts'
import { registryPart } from '../../services/local/parts/parts.ts'
import { createSimulator } from '../../services/local/simulator/server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/own-kafka.ts'
import { type ReceivedEvent, sleep } from './scenario.ts'

/** A registry of its own, which is empty after it was lost. */
export class OwnRegistry {
  readonly #port: number
  #dir = ''
  #child: ChildProcess | undefined

  private constructor(port: number) {
    this.#port = port
  }

  static async start(): Promise<OwnRegistry> {
    const registry = new OwnRegistry(await freePort())
    await registry.begin()
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}${registryPath}`
  }

  /** Empty, at the same address. */
  async begin(): Promise<void> {
    this.#dir = mkdtempSync(join(tmpdir(), 'signals-registry-'))
    const folders = { data: this.#dir, logs: this.#dir }
    mkdirSync(folders.logs, { recursive: true })
    const part = registryPart(await fetchArtefacts(process.env, () => {}), this.#port, folders, { ...process.env })
    this.#child = spawn(part.command, [...part.args()], { env: part.env, stdio: 'ignore' })
    await eventually('the registry', () => part.isReady(), 90_000)
  }

  /** With all that it holds. */
  async lose(): Promise<void> {
    const child = this.#child
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    rmSync(this.#dir, { recursive: true, force: true })
  }
}

/** TikTok outlives whatever is lost. */
export const openTikTok = async () => {
  const { server } = createSimulator({ keep: 1_000_000 })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const firstSecond = Math.floor(Date.now() / 1_000) - 20_000

/** Sends messages, each in a second of its own, so that every event at TikTok names its message. */
export class Ledger {
  readonly #tiktok: string
  #messages = 0
  #seq = 0
  /** `<event>@<second>` that TikTok must have. */
  readonly expected = new Set<string>()
  /** When each was accepted, and when it arrived at TikTok first, ms. */
  readonly acceptedAt = new Map<string, number>()
  readonly arrivedAt = new Map<string, number>()
  /** The same of those that arrived, with their different event ids. */
  readonly arrived = new Map<string, Set<string>>()

  constructor(tiktok: string) {
    this.#tiktok = tiktok
  }

  /** @param person a number; the first message of each starts a conversation. @returns the events that must follow */
  message(person: number, isFirst: boolean) {
    const second = firstSecond + this.#messages
    const request = whatsappText(
      `52155${String(person).padStart(8, '0')}`,
      `wamid.recovery.${this.#messages++}`,
      'hola, pago',
      second * 1_000,
    )
    const events = [...(isFirst ? [`Conversation@${second}`] : []), `Keyword@${second}`]
    return { request, events }
  }

  /** Posts until it is accepted, as a source does. @param pipeline with the address of a gateway, read at each try */
  async deliver(
    pipeline: { readonly ready: Pick<Pipeline['ready'], 'gateway'> },
    { request, events }: ReturnType<Ledger['message']>,
  ): Promise<void> {
    const { path, headers, body } = request
    for (let tries = 0; ; tries++) {
      const status = await fetch(`${pipeline.ready.gateway}${path}`, { method: 'POST', headers, body }).then(
        (response) => response.status,
        () => 0,
      )
      if (status === 200) break
      if (tries > 300) throw new Error(`not accepted, last status ${status}`)
      await sleep(100)
    }
    for (const event of events) {
      this.expected.add(event)
      this.acceptedAt.set(event, Date.now())
    }
  }

  async poll(): Promise<void> {
    const response = await fetch(`${this.#tiktok}/_events?since=${this.#seq}&limit=100000`)
    const { events } = (await response.json()) as { events: readonly ReceivedEvent[] }
    for (const { seq, event, receivedAt } of events) {
      this.#seq = seq
      const name = `${event.event}@${event.event_time}`
      if (!this.arrivedAt.has(name)) this.arrivedAt.set(name, Date.parse(receivedAt))
      const ids = this.arrived.get(name) ?? new Set<string>()
      this.arrived.set(name, ids.add(event.event_id))
    }
  }

  missing = (): readonly string[] => [...this.expected].filter((event) => !this.arrived.has(event))
  /** Events that count twice, and those that no message raises. */
  tooMany = (): readonly string[] =>
    [...this.arrived].filter(([event, ids]) => ids.size > 1 || !this.expected.has(event)).map(([event]) => event)

  /** @returns whether all expected events arrived in time */
  async settle(withinMs = 60_000): Promise<boolean> {
    for (const end = Date.now() + withinMs; Date.now() < end; await sleep(200)) {
      await this.poll()
      if (this.missing().length === 0) return true
    }
    return false
  }
}
