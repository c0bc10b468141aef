/**
 * What keeps the connections topic in order while nobody looks: tokens are refreshed ahead of time, a record that lost and whose
 * writer is gone is written over, and what was erased leaves the disk.
 */
import type { Producer } from '../../runtime/ports.ts'
import type { Author, ConnectionWriter } from '../../shared/connections/writer.ts'
import { topics } from '../../topology.ts'

/** A writer that lost writes again at once; whoever has not within this time never will. */
const mendAfterMs = 5_000
/**
 * Kafka compacts closed segments only, and closes one when something is appended after its time: without an append an erased
 * token would stay on the disk of a quiet topic for ever.
 */
export const rollEveryMs = 15 * 60_000
/** Names no connection: a tombstone under it changes nothing for anybody. */
const rollKey = '~'

const author: Author = { via: 'keeper', actor: 'connections topic' }

export class ConnectionsMaintenance {
  readonly #writer: Pick<ConnectionWriter, 'mend'>
  readonly #producer: Pick<Producer, 'send'>
  readonly #onError: (error: unknown) => void
  readonly #losers = new Map<string, NodeJS.Timeout>()

  constructor(tools: {
    writer: Pick<ConnectionWriter, 'mend'>
    producer: Pick<Producer, 'send'>
    onError: (error: unknown) => void
  }) {
    this.#writer = tools.writer
    this.#producer = tools.producer
    this.#onError = tools.onError
  }

  /** To be called with what became of each record of the topic. */
  followed(id: string, applied: 'applied' | 'stale'): void {
    clearTimeout(this.#losers.get(id))
    this.#losers.delete(id)
    if (applied === 'applied') return
    const mend = () => {
      this.#losers.delete(id)
      this.#writer.mend(id, author).catch(this.#onError)
    }
    this.#losers.set(id, setTimeout(mend, mendAfterMs).unref())
  }

  /** @throws DependencyError */
  async roll(): Promise<void> {
    await this.#producer.send([{ topic: topics.connections.name, key: rollKey, value: null }])
  }
}
