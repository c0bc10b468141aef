/** Shared by scenarios: a pipeline of real processes, clients for it, and the events that the simulator has received. */

import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { readKeyring } from '../../services/runtime/keys/data-secret.ts'
import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { Broker, Producer } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { topics } from '../../services/topology.ts'
import { signingBroker } from '../support/signing-broker.ts'
import { openWorld, type World } from '../support/world.ts'

export const print = (line: string) => void process.stdout.write(`${line}\n`)
export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export interface Scenario {
  readonly world: World
  readonly broker: Broker
  readonly producer: Producer
  readonly codec: Codec
  readonly keyring: Keyring
  readonly tiktok: ReceivedEvents
  stop(): Promise<void>
}

export interface ReceivedEvent {
  readonly seq: number
  readonly eventSourceId: string
  readonly receivedAt: string
  readonly duplicate: boolean
  readonly event: {
    readonly event: string
    readonly event_id: string
    readonly event_time: number
    readonly user: { readonly ttclid?: string }
    readonly properties: Readonly<Record<string, unknown>>
  }
}

/** Events at the simulator, by event id: the time of the first arrival, and how often each came. */
export class ReceivedEvents {
  readonly #url: string
  readonly arrivedAt = new Map<string, number>()
  readonly times = new Map<string, number>()
  /** The first arrival of each event id. */
  readonly first = new Map<string, ReceivedEvent>()
  readonly #keep: boolean
  #seq = 0

  /** @param keep whether `first` is filled */
  constructor(url: string, keep = false) {
    this.#url = url
    this.#keep = keep
  }

  /** Reads new events. @returns how many different ones there are */
  async poll(): Promise<number> {
    for (;;) {
      const response = await fetch(`${this.#url}/_events?since=${this.#seq}&limit=20000`)
      const { events } = (await response.json()) as { events: readonly ReceivedEvent[] }
      for (const received of events) {
        const { seq, receivedAt, event } = received
        if (seq > this.#seq + 1) throw new Error('the simulator has forgotten events: raise its SIMULATOR_KEEP')
        this.#seq = seq
        if (this.#keep && !this.first.has(event.event_id)) this.first.set(event.event_id, received)
        this.times.set(event.event_id, (this.times.get(event.event_id) ?? 0) + 1)
        if (!this.arrivedAt.has(event.event_id)) this.arrivedAt.set(event.event_id, Date.parse(receivedAt))
      }
      if (events.length < 20_000) return this.arrivedAt.size
    }
  }

  /** Waits until `count` different signals have arrived. */
  async until(count: number, withinMs: number): Promise<void> {
    const end = Date.now() + withinMs
    while ((await this.poll()) < count) {
      if (Date.now() > end) throw new Error(`${count} signals expected, ${this.arrivedAt.size} arrived`)
      await sleep(500)
    }
  }

  /** Ids without an event. */
  missing = (ids: Iterable<string>): string[] => [...ids].filter((id) => !this.arrivedAt.has(id))
  /** Ids with more than one event. */
  repeated = (ids: Iterable<string>): string[] => [...ids].filter((id) => (this.times.get(id) ?? 0) > 1)
}

export const openScenario = async (
  accounts: readonly {
    readonly source: string
    readonly accountId: string
    /** Further fields of its connection. */
    readonly fields?: Readonly<Record<string, unknown>>
  }[],
  env: Record<string, string> = {},
  keepEvents = false,
): Promise<Scenario> => {
  const masterKey = Buffer.alloc(32, 5).toString('base64')
  const world = await openWorld({
    LOG_LEVEL: 'warn',
    SIGNALS_MASTER_KEY: masterKey,
    SIMULATOR_KEEP: '2000000',
    ...env,
  })
  const { brokers, registry, simulator } = world.pipeline.ready
  const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'scenario'))
  const codec = await Codec.open(openRegistry(registry))
  const settings = { SIGNALS_MASTER_KEY: masterKey, SIGNALS_MASTER_KEY_PREVIOUS: [] }
  const keyring = await readKeyring(settings, { broker, codec })
  const producer = await signingBroker(broker, masterKey).producer()
  await producer.send(
    accounts.map(({ source, accountId, fields }) => {
      const input = {
        ...fields,
        connectionId: accountId,
        tenantId: 'scenario',
        source,
        accountId,
        advertiserId: `advertiser-${accountId}`,
        eventSetId: `set-${accountId}`,
        accessToken: `token-${accountId}`,
      }
      const record = connectionRecordOf(parseConnection(input), undefined, Date.now(), keyring)
      return { topic: topics.connections.name, key: accountId, value: codec.encode('connections', record) }
    }),
  )
  return {
    world,
    broker,
    producer,
    codec,
    keyring,
    tiktok: new ReceivedEvents(simulator, keepEvents),
    stop: async () => {
      await producer.close().catch(() => {})
      await broker.close().catch(() => {})
      await world.stop()
    },
  }
}

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Prints one line for each check. A scenario with a failed check runs to its end and then fails. */
export class Checks {
  failed = 0
  check(what: string, holds: boolean, figures = '') {
    if (!holds) this.failed++
    print(`${holds ? 'ok  ' : 'FAIL'}  ${what}${figures ? `: ${figures}` : ''}`)
  }
}
