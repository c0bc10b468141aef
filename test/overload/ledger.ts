/** What the gateway has accepted, and what of it TikTok got: every message has one keyword and a second of its own. */
import type { Simulator } from '../../services/local/simulator/server.ts'

interface Entry {
  /** When the gateway answered 200, ms since the epoch; 0: it gave no answer yet. */
  acceptedAt: number
  eventId: string | null
  isDoubled: boolean
}

export class Ledger {
  readonly #entries = new Map<string, Entry>()
  readonly #simulator: Simulator
  readonly #isLive: (eventSet: string) => boolean
  readonly #arrived = new Set<string>()
  #seq = 0
  /** Keyword events of no message, or of one that the gateway had refused. */
  strangers = 0
  /** From the gateway's answer to TikTok, of messages of live accounts since the last `takeDelays`, ms. */
  #delays: number[] = []

  /** @param isLive whose delays are of interest */
  constructor(simulator: Simulator, isLive: (eventSet: string) => boolean) {
    this.#simulator = simulator
    this.#isLive = isLive
  }

  /** @param time of the message, s */
  offered(eventSet: string, time: number): void {
    this.#entries.set(`${eventSet} ${time}`, { acceptedAt: 0, eventId: null, isDoubled: false })
  }

  accepted(eventSet: string, time: number): void {
    const entry = this.#entries.get(`${eventSet} ${time}`)
    if (entry) entry.acceptedAt = Date.now()
  }

  /** Answered otherwise than by 200, and not sent again. */
  refused(eventSet: string, time: number): void {
    const key = `${eventSet} ${time}`
    if (this.#entries.get(key)?.eventId === null) this.#entries.delete(key)
  }

  /** Reads what has arrived since the last look. */
  look(): void {
    for (;;) {
      const events = this.#simulator.state.store.events(this.#seq, 20_000)
      this.#seq = events.at(-1)?.seq ?? this.#seq
      for (const { eventSourceId, receivedAt, event } of events) {
        if (event.event !== 'Keyword') continue
        const id = event.event_id as string
        this.#arrived.add(eventSourceId)
        const entry = this.#entries.get(`${eventSourceId} ${event.event_time}`)
        if (!entry) this.strangers++
        else if (entry.eventId === null) {
          entry.eventId = id
          const delay = Date.parse(receivedAt) - entry.acceptedAt
          if (entry.acceptedAt > 0 && this.#isLive(eventSourceId)) this.#delays.push(Math.max(0, delay))
        } else if (entry.eventId !== id) entry.isDoubled = true
      }
      if (events.length < 20_000) return
    }
  }

  /** Whether any event of the event set has arrived. */
  hasArrived(eventSet: string): boolean {
    this.look()
    return this.#arrived.has(eventSet)
  }

  /** Delays of the live accounts since the last call, ms. */
  takeDelays(): readonly number[] {
    this.look()
    const delays = this.#delays
    this.#delays = []
    return delays
  }

  counts() {
    this.look()
    const counts = { accepted: 0, missing: 0, doubled: 0, unanswered: 0 }
    for (const { acceptedAt, eventId, isDoubled } of this.#entries.values()) {
      if (acceptedAt > 0) counts.accepted++
      if (acceptedAt > 0 && eventId === null) counts.missing++
      // Stored although the sender got no answer.
      if (acceptedAt === 0 && eventId !== null) counts.unanswered++
      if (isDoubled) counts.doubled++
    }
    return counts
  }

  /** @returns ms until all that was accepted had arrived; at most `withinMs` */
  async drained(withinMs: number, onLook: () => Promise<void> = async () => {}): Promise<number> {
    const started = Date.now()
    while (this.counts().missing > 0 && Date.now() - started < withinMs) {
      await onLook()
      await new Promise((done) => setTimeout(done, 500))
    }
    return Date.now() - started
  }
}
