/**
 * Puts records into Kafka for requests that wait for it. A produce request a message costs the broker 800 µs; requests that
 * arrive while one is under way share the next.
 */
import type { KafkaConnectivity } from '../runtime/health/kafka-connectivity.ts'
import { DependencyError, type Producer, type ProducerRecord, RecordTooLarge } from '../runtime/ports.ts'

interface Waiting {
  readonly records: readonly ProducerRecord[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Kafka did not take it in time, or too much waits already: the source will try again. */
export class NotStored extends Error {
  override readonly name = 'NotStored'
}

type Reach = Pick<KafkaConnectivity, 'answered' | 'failed'>

/** For callers that name no deadline: connectors wait longer than webhooks do. */
const defaultPatienceMs = 4_500
const maxWaitingBytes = 64 * 1_048_576
/** Side by side, so that one slow call does not hold all; order between deliveries is not promised by the sources either. */
const maxCalls = 4
/**
 * A call costs the broker and us the same whether it holds one delivery or fifty. While one is under way the next starts this
 * much later, with all that came until then: under load some milliseconds buy a fraction of the calls.
 */
const apartMs = 8
const maxBatchBytes = 4 * 1_048_576

const bytesOf = (records: readonly ProducerRecord[]) =>
  records.reduce((sum, { value }) => sum + (value?.length ?? 0) + 256, 0)

export class Intake {
  readonly #producer: Producer
  /** In order of arrival; one that has waited too long leaves it. */
  readonly #queue = new Set<Waiting>()
  /** Of all that waits or is on its way to Kafka: given back when a call has ended, not when somebody stopped waiting for it. */
  #bytes = 0
  #calls = 0
  /** When the last call started, ms. */
  #started = 0
  #timer: NodeJS.Timeout | undefined
  readonly #reach: Reach

  /** @param reach is told whether Kafka took what it was sent */
  constructor(producer: Producer, reach: Reach = { answered: () => {}, failed: () => {} }) {
    this.#producer = producer
    this.#reach = reach
  }

  /**
   * Resolves once the broker holds all records.
   * @param patienceMs how long the caller can wait for it
   * @throws NotStored; RecordTooLarge
   */
  store(records: readonly ProducerRecord[], patienceMs = defaultPatienceMs): Promise<void> {
    const bytes = bytesOf(records)
    if (this.#bytes + bytes > maxWaitingBytes)
      return Promise.reject(new NotStored('too many deliveries wait for Kafka'))
    this.#bytes += bytes
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        // What is under way may yet be stored: the source sends it again and ingest knows it by its ids.
        if (this.#queue.delete(waiting)) this.#bytes -= bytes
        const why = 'Kafka did not answer in time'
        this.#reach.failed(new DependencyError('kafka', why))
        reject(new NotStored(why))
      }, patienceMs)
      const waiting: Waiting = {
        records,
        bytes,
        resolve: () => {
          clearTimeout(timer)
          resolve()
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.#queue.add(waiting)
      this.#pump()
    })
  }

  #pump() {
    while (this.#calls < maxCalls && this.#queue.size > 0) {
      const now = performance.now()
      if (this.#calls > 0 && now - this.#started < apartMs) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined
          this.#pump()
        }, apartMs)
        return
      }
      this.#started = now
      const batch: Waiting[] = []
      let bytes = 0
      for (const next of this.#queue) {
        if (batch.length > 0 && bytes + next.bytes > maxBatchBytes) break
        batch.push(next)
        bytes += next.bytes
        this.#queue.delete(next)
      }
      this.#calls++
      void this.#send(batch).finally(() => {
        this.#bytes -= bytes
        this.#calls--
        this.#pump()
      })
    }
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    if (batch.length === 0) return
    try {
      await this.#producer.send(batch.flatMap(({ records }) => records))
      this.#reach.answered()
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (error instanceof RecordTooLarge) {
        // Nothing of the call was sent: the others go without it.
        const owners = batch.flatMap((waiting) => waiting.records.map(() => waiting))
        const tooLarge = owners[error.index] as Waiting
        tooLarge.reject(error)
        return this.#send(batch.filter((waiting) => waiting !== tooLarge))
      }
      const isKafka = error instanceof DependencyError
      if (isKafka) this.#reach.failed(error)
      const reason = isKafka ? new NotStored('Kafka is not reachable') : error
      for (const { reject } of batch) reject(reason)
    }
  }
}
