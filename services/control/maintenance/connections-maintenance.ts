/**
 * Keeps the connections topic in order without an operator. It writes the valid record over a losing one whose writer is gone.
 * It also makes Kafka close segments, so that erased secrets leave the disk.
 */
import { secretSegmentMs } from '../../derived-topics.ts'
import type { Cancel, Producer, Timers } from '../../runtime/ports.ts'
import type { Applied } from '../../shared/connections/directory.ts'
import type { Author, ConnectionWriter } from '../../shared/connections/writer.ts'
import { topics } from '../../topology.ts'

/** A writer that lost overwrites its own record at once. After this time it counts as gone. */
const repairAfterMs = 5_000
/**
 * Kafka compacts closed segments only, and closes one only at the first append after `segment.ms`. Without appends, a quiet topic
 * would keep an erased token on disk for ever. Each change is followed by an append of its own; this interval is for `data-secrets.v1`,
 * and for changes whose append was lost.
 */
export const segmentRollIntervalMs = 15 * 60_000
/** The id of no connection: a tombstone under this key changes no connection. */
const segmentRollKey = '~'
/** After a change, when its segment is surely old enough to be closed. */
const rollAfterMs = secretSegmentMs + 1_000

const author: Author = { via: 'keeper', actor: 'connections topic' }

interface MaintenanceTools {
  readonly writer: Pick<ConnectionWriter, 'repair'>
  readonly producer: Pick<Producer, 'send'>
  readonly timers: Pick<Timers, 'after'>
  onError(error: unknown): void
}

export class ConnectionsMaintenance {
  readonly #tools: MaintenanceTools
  /** By connection id: the repair that is due unless another record of the connection follows. */
  readonly #repairs = new Map<string, Cancel>()

  #roll: Cancel | undefined

  constructor(tools: MaintenanceTools) {
    this.#tools = tools
  }

  /** Call it for each record of the topic, with the result of applying the record to the directory. */
  followed(id: string, applied: Applied): void {
    this.#rollLater(id)
    this.#repairs.get(id)?.()
    this.#repairs.delete(id)
    if (applied === 'applied') return
    const { writer, timers, onError } = this.#tools
    const repair = () => {
      this.#repairs.delete(id)
      writer.repair(id, author).catch(onError)
    }
    this.#repairs.set(id, timers.after(repairAfterMs, repair))
  }

  /** Closes the segment with the last change as soon as Kafka allows it, so that what the change erased leaves the disk. */
  #rollLater(id: string): void {
    // The record that closes a segment erases nothing.
    if (id === segmentRollKey) return
    this.#roll?.()
    this.#roll = this.#tools.timers.after(rollAfterMs, () => {
      this.#roll = undefined
      this.forceSegmentRoll().catch(this.#tools.onError)
    })
  }

  /** @throws DependencyError */
  async forceSegmentRoll(): Promise<void> {
    await this.#tools.producer.send(
      [topics.connections.name, topics.dataSecrets.name].map((topic) => ({ topic, key: segmentRollKey, value: null })),
    )
  }
}
