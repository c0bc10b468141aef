/**
 * Stores records in Kafka for requests that wait for the answer. A produce request costs the broker about 800 µs, however
 * many records it holds, so concurrent requests share one.
 */
import { Coalescer } from '../runtime/coalescer.ts'
import type { KafkaConnectivity } from '../runtime/health/kafka-connectivity.ts'
import { DependencyError, type Producer, type ProducerRecord, RecordTooLarge, type Timers } from '../runtime/ports.ts'

interface PendingStore {
  readonly records: readonly ProducerRecord[]
  readonly bytes: number
  readonly owner: string | null
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Kafka did not take the records in time, or too many wait already. The source retries. */
export class NotStored extends Error {
  override readonly name = 'NotStored'
}

type Connectivity = Pick<KafkaConnectivity, 'answered' | 'failed'>

/** For message events, which have no deadline of their own: half a second below the default of a webhook source (5 s). */
const defaultTimeoutMs = 4_500
const maxPendingBytes = 64 * 1_048_576
/** Of one owner, so that one account's flood leaves room for the others. */
const maxOwnerBytes = maxPendingBytes / 4
/** Side by side, so that one slow call does not hold up all. Sources promise no order between deliveries either. */
const maxProduceCalls = 4
/** ms between the starts of two overlapping calls: under load this small delay saves most of the calls. */
const produceIntervalMs = 8
const maxBatchBytes = 4 * 1_048_576
/** Estimate of a record's key and headers, bytes. */
const recordOverhead = 256

const bytesOf = (records: readonly ProducerRecord[]) =>
  records.reduce((sum, { value }) => sum + (value?.length ?? 0) + recordOverhead, 0)

export class Intake {
  readonly #producer: Producer
  readonly #timers: Timers
  readonly #connectivity: Connectivity
  readonly #produce: Coalescer<PendingStore>
  /** Queued or being produced. A call that has started frees its bytes when it ends, also after its requests timed out. */
  #pendingBytes = 0
  readonly #byOwner = new Map<string, number>()

  /** @param connectivity learns the result of every produce call */
  constructor(
    producer: Producer,
    timers: Timers,
    connectivity: Connectivity = { answered: () => {}, failed: () => {} },
  ) {
    this.#producer = producer
    this.#timers = timers
    this.#connectivity = connectivity
    this.#produce = new Coalescer<PendingStore>(
      async (batch) => {
        await this.#send(batch)
        for (const pending of batch) this.#release(pending)
      },
      maxBatchBytes,
      // Without a call under way the first request does not wait for the rest of the turn of the event loop.
      queueMicrotask,
      { maxRequests: maxProduceCalls, intervalMs: produceIntervalMs, timers },
    )
  }

  /**
   * Resolves once the broker holds all records.
   * @param timeoutMs after which the request must be answered
   * @param owner whose records they are; null: no limit of its own
   * @throws NotStored; RecordTooLarge
   */
  store(records: readonly ProducerRecord[], timeoutMs = defaultTimeoutMs, owner: string | null = null): Promise<void> {
    const bytes = bytesOf(records)
    const owned = owner === null ? 0 : (this.#byOwner.get(owner) ?? 0) + bytes
    if (this.#pendingBytes + bytes > maxPendingBytes || owned > maxOwnerBytes)
      return Promise.reject(new NotStored('too many deliveries wait for Kafka'))
    this.#pendingBytes += bytes
    if (owner !== null) this.#byOwner.set(owner, owned)
    return new Promise<void>((resolve, reject) => {
      const stopTimer = this.#timers.after(timeoutMs, () => {
        // A call under way may still store the records: ingest drops the source's retry as a duplicate.
        if (queued.cancel()) this.#release(pending)
        const reason = 'Kafka did not answer in time'
        this.#connectivity.failed(new DependencyError('kafka', reason))
        reject(new NotStored(reason))
      })
      const pending: PendingStore = {
        records,
        bytes,
        owner,
        resolve: () => {
          stopTimer()
          resolve()
        },
        reject: (error) => {
          stopTimer()
          reject(error)
        },
      }
      const queued = this.#produce.enqueue([pending], bytes)
    })
  }

  #release({ owner, bytes }: PendingStore) {
    this.#pendingBytes -= bytes
    if (owner === null) return
    const left = (this.#byOwner.get(owner) ?? 0) - bytes
    if (left > 0) this.#byOwner.set(owner, left)
    else this.#byOwner.delete(owner)
  }

  /** Answers every request of the batch; never rejects. */
  async #send(batch: readonly PendingStore[]): Promise<void> {
    if (batch.length === 0) return
    try {
      await this.#producer.send(batch.flatMap(({ records }) => records))
      this.#connectivity.answered()
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (error instanceof RecordTooLarge) {
        // The producer sent nothing of the call: the others go without the large one.
        const owners = batch.flatMap((pending) => pending.records.map(() => pending))
        const tooLarge = owners[error.index] as PendingStore
        tooLarge.reject(error)
        return this.#send(batch.filter((pending) => pending !== tooLarge))
      }
      const isKafka = error instanceof DependencyError
      if (isKafka) this.#connectivity.failed(error)
      const reason = isKafka ? new NotStored('Kafka is not reachable') : error
      for (const { reject } of batch) reject(reason)
    }
  }
}
