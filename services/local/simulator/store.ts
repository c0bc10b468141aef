/** Received events and calls, in bounded memory: the newest stay readable, all are counted. */
import { createHash } from 'node:crypto'
import type { TrackCall, TrackedEvent } from './check.ts'

/** TikTok deduplicates by (event source id, event, event id) for 48 h from the first event and keeps the first. */
const dedupMs = 48 * 3_600_000
const maxKeys = 2_000_000

export interface ReceivedEvent {
  readonly seq: number
  readonly receivedAt: string
  readonly tokenHash: string
  readonly eventSource: string
  readonly eventSourceId: string
  /** Of a test, which does not count; null: it counts. */
  readonly testEventCode: string | null
  readonly requestId: string
  /** Whether the event was known already; it counts once. */
  readonly duplicate: boolean
  readonly event: TrackedEvent
}

export interface ReceivedCall {
  readonly seq: number
  readonly receivedAt: string
  readonly tokenHash: string
  readonly eventSourceId: string | null
  readonly events: number
  readonly eventIds: readonly string[]
  /** TikTok's code, else `http <status>`, `silence` or `reset`. */
  readonly answer: string
  readonly requestId: string | null
}

/** Ring buffer of the newest `size` items. Each has a sequence number, so that a reader can continue after its last one. */
class Ring<T extends { seq: number }> {
  readonly #size: number
  readonly #items: T[] = []
  #next = 1
  constructor(size: number) {
    this.#size = size
  }
  add(make: (seq: number) => T) {
    const seq = this.#next++
    this.#items[(seq - 1) % this.#size] = make(seq)
  }
  /** At most `limit` items after number `since`, oldest first. */
  after(since: number, limit: number): T[] {
    const first = Math.max(since + 1, this.#next - this.#items.length)
    const last = Math.min(this.#next - 1, first + limit - 1)
    return Array.from(
      { length: Math.max(0, last - first + 1) },
      (_, i) => this.#items[(first + i - 1) % this.#size] as T,
    )
  }
  get last() {
    return this.#next - 1
  }
}

interface Counts {
  calls: number
  refused: number
  events: number
  duplicates: number
  tests: number
}
const none = (): Counts => ({ calls: 0, refused: 0, events: 0, duplicates: 0, tests: 0 })

export const hashOf = (token: string) => createHash('sha256').update(token).digest('hex').slice(0, 16)

export class Store {
  readonly #keep: number
  readonly #hashes = new Map<string, string>()
  #events: Ring<ReceivedEvent>
  #calls: Ring<ReceivedCall>
  #firstSeen = new Map<string, number>()
  #total = none()
  #byToken = new Map<string, Counts>()
  #byEvent = new Map<string, number>()
  #byAnswer = new Map<string, number>()

  constructor(keep: number) {
    this.#keep = keep
    this.#events = new Ring(keep)
    this.#calls = new Ring(keep)
  }

  reset() {
    this.#events = new Ring(this.#keep)
    this.#calls = new Ring(this.#keep)
    this.#firstSeen = new Map()
    this.#total = none()
    this.#byToken = new Map()
    this.#byEvent = new Map()
    this.#byAnswer = new Map()
  }

  isKnown({ eventSourceId }: TrackCall, event: TrackedEvent, now: number): boolean {
    const first = this.#firstSeen.get(keyOf(eventSourceId, event))
    return event.event_id !== undefined && first !== undefined && now - first < dedupMs
  }

  /** Accepts events of a call. */
  take(call: TrackCall, events: readonly TrackedEvent[], token: string, requestId: string, now: number) {
    const tokenHash = this.#hash(token)
    const counts = this.#countsOf(tokenHash)
    const receivedAt = new Date(now).toISOString()
    for (const event of events) {
      const isTest = call.testEventCode !== null
      const duplicate = !isTest && this.isKnown(call, event, now)
      if (isTest) {
        this.#total.tests++
        counts.tests++
      } else if (duplicate) {
        this.#total.duplicates++
        counts.duplicates++
      } else {
        this.#total.events++
        counts.events++
        this.#byEvent.set(event.event, (this.#byEvent.get(event.event) ?? 0) + 1)
        if (event.event_id !== undefined) this.#storeKey(keyOf(call.eventSourceId, event), now)
      }
      const { eventSource, eventSourceId, testEventCode } = call
      this.#events.add((seq) => ({
        seq,
        receivedAt,
        tokenHash,
        eventSource,
        eventSourceId,
        testEventCode,
        requestId,
        duplicate,
        event,
      }))
    }
  }

  /** Records a call and its answer. */
  answered(
    call: { token: string; eventSourceId: string | null; eventIds: readonly string[]; events: number },
    answer: string,
    requestId: string | null,
    now: number,
  ) {
    const { token, ...rest } = call
    const tokenHash = token === '' ? '' : this.#hash(token)
    const counts = this.#countsOf(tokenHash)
    const refused = answer === '0' ? 0 : 1
    this.#total.calls++
    this.#total.refused += refused
    counts.calls++
    counts.refused += refused
    this.#byAnswer.set(answer, (this.#byAnswer.get(answer) ?? 0) + 1)
    this.#calls.add((seq) => ({ seq, receivedAt: new Date(now).toISOString(), tokenHash, ...rest, answer, requestId }))
  }

  events(since: number, limit: number) {
    return this.#events.after(since, limit)
  }
  calls(since: number, limit: number) {
    return this.#calls.after(since, limit)
  }

  stats() {
    return {
      ...this.#total,
      byAnswer: Object.fromEntries(this.#byAnswer),
      byEvent: Object.fromEntries(this.#byEvent),
      byToken: Object.fromEntries(this.#byToken),
      lastEvent: this.#events.last,
      lastCall: this.#calls.last,
    }
  }

  #storeKey(key: string, now: number) {
    this.#firstSeen.delete(key)
    this.#firstSeen.set(key, now)
    if (this.#firstSeen.size > maxKeys) this.#firstSeen.delete(this.#firstSeen.keys().next().value as string)
  }

  #hash(token: string) {
    const known = this.#hashes.get(token)
    if (known !== undefined) return known
    if (this.#hashes.size > 100_000) this.#hashes.clear()
    const hash = hashOf(token)
    this.#hashes.set(token, hash)
    return hash
  }

  #countsOf(tokenHash: string) {
    const known = this.#byToken.get(tokenHash)
    if (known) return known
    const counts = none()
    // A flood of invented tokens must not fill the memory.
    if (this.#byToken.size < 100_000) this.#byToken.set(tokenHash, counts)
    return counts
  }
}

const keyOf = (eventSourceId: string, { event, event_id }: TrackedEvent) => `${eventSourceId}\n${event}\n${event_id}`
