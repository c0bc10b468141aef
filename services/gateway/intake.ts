/**
 * Puts records into Kafka for requests that wait for it. A produce request a message costs the broker 800 µs; requests that
 * arrive while one is under way share the next.
 */
import { DependencyError, type Producer, type ProducerRecord } from '../runtime/ports.ts'

interface Waiting {
  readonly records: readonly ProducerRecord[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Kafka did not take it in time, or too much waits already: the source will try again. */
export class NotStored extends Error {
  override readonly name = 'NotStored'
}

/** Zalo gives up after 2 s: the answer has to be out before. */
const patienceMs = 1_500
const maxWaitingBytes = 64 * 1_048_576
/** Side by side, so that one slow call does not hold all; order between deliveries is not promised by the sources either. */
const maxCalls = 4
const maxBatchBytes = 4 * 1_048_576

const bytesOf = (records: readonly ProducerRecord[]) =>
  records.reduce((sum, { value }) => sum + (value?.length ?? 0) + 256, 0)

export class Intake {
  readonly #producer: Producer
  readonly #queue: Waiting[] = []
  #bytes = 0
  #calls = 0

  constructor(producer: Producer) {
    this.#producer = producer
  }

  /** Resolves once the broker holds all records. @throws NotStored */
  store(records: readonly ProducerRecord[]): Promise<void> {
    const bytes = bytesOf(records)
    if (this.#bytes + bytes > maxWaitingBytes)
      return Promise.reject(new NotStored('too many deliveries wait for Kafka'))
    this.#bytes += bytes
    const stored = new Promise<void>((resolve, reject) => this.#queue.push({ records, resolve, reject }))
    this.#pump()
    let timer: NodeJS.Timeout
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new NotStored('Kafka did not answer in time')), patienceMs)
    })
    return Promise.race([stored, late]).finally(() => {
      clearTimeout(timer)
      this.#bytes -= bytes
    })
  }

  #pump() {
    while (this.#calls < maxCalls && this.#queue.length > 0) {
      const batch: Waiting[] = []
      let bytes = 0
      while (this.#queue.length > 0 && (batch.length === 0 || bytes < maxBatchBytes)) {
        const next = this.#queue.shift() as Waiting
        batch.push(next)
        bytes += bytesOf(next.records)
      }
      this.#calls++
      this.#producer
        .send(batch.flatMap(({ records }) => records))
        .then(
          () => {
            for (const { resolve } of batch) resolve()
          },
          (error: unknown) => {
            const reason = error instanceof DependencyError ? new NotStored('Kafka is not reachable') : error
            for (const { reject } of batch) reject(reason)
          },
        )
        .finally(() => {
          this.#calls--
          this.#pump()
        })
    }
  }
}
