/**
 * Compares what TikTok has received, event by event, with what it must have received. It shares no code with the pipeline: it knows
 * events by event set, name and time alone, and takes the event id for no more than a mark of what TikTok counts once.
 */
import { isDeepStrictEqual } from 'node:util'

export interface Expected {
  readonly eventSet: string
  readonly event: string
  /** Seconds since the epoch; no two events of an event set have both name and time in common. */
  readonly time: number
  readonly trackingId: string | null
  /** Flags and values. */
  readonly properties: Readonly<Record<string, unknown>>
}

/** An event as TikTok got it. */
export interface Received {
  readonly eventSetId: string
  readonly event: Readonly<Record<string, unknown>>
}

export interface Verdict {
  readonly expected: number
  /** Expected events with the right content, counted once. */
  readonly right: number
  readonly missing: number
  /** Counted under a second id. */
  readonly doubled: number
  /** With another tracking ID, flag or value than expected, or a field too many. */
  readonly different: number
  /** Whose referral came too late to count for sure, and was not credited: right as well. */
  readonly tooLate: number
  /** Not expected at all. */
  readonly unexpected: number
  /** Came again under the same id, which TikTok counts once. */
  readonly again: number
  /** The first few of each kind, in words. */
  readonly examples: readonly string[]
}

interface Entry {
  readonly expected: Expected
  readonly ids: Set<string>
  isDifferent: boolean
  /** As expected, but without the tracking ID. */
  isUncredited: boolean
  /** Its referral may have come after the wait. */
  isLate: boolean
}

const maxExamples = 10

const keyOf = (eventSet: unknown, event: unknown, time: unknown) => `${eventSet} ${event} ${time}`

export class Oracle {
  readonly #entries = new Map<string, Entry>()
  readonly #ids = new Set<string>()
  readonly #strangers = new Set<string>()
  readonly #examples: string[] = []
  #found = 0
  #again = 0

  expect(expected: Expected): void {
    const key = keyOf(expected.eventSet, expected.event, expected.time)
    if (this.#entries.has(key)) throw new Error(`two expected events are ${key}: give each a second of its own`)
    this.#entries.set(key, { expected, ids: new Set(), isDifferent: false, isUncredited: false, isLate: false })
  }

  /** The referral of these events came when their wait may have been over: with or without it they are right. */
  late(events: readonly Expected[]): void {
    for (const { eventSet, event, time } of events) {
      const entry = this.#entries.get(keyOf(eventSet, event, time))
      if (entry) entry.isLate = true
    }
  }

  get expected(): number {
    return this.#entries.size
  }

  /** Expected events that have come, right or not. */
  get found(): number {
    return this.#found
  }

  receive({ eventSetId, event }: Received): void {
    const { event: name, event_id: id, event_time: time, user, properties, ...more } = event
    const key = keyOf(eventSetId, name, time)
    const mark = `${eventSetId} ${name} ${id}`
    if (this.#ids.has(mark)) this.#again++
    this.#ids.add(mark)
    const entry = this.#entries.get(key)
    if (!entry) {
      if (!this.#strangers.has(mark)) this.#note('unexpected', key, event)
      this.#strangers.add(mark)
      return
    }
    if (entry.ids.size === 0) this.#found++
    if (entry.ids.size === 1 && !entry.ids.has(mark)) this.#note('doubled', key, event)
    entry.ids.add(mark)
    const { trackingId, properties: wanted } = entry.expected
    const content = { user, properties, more }
    const right = { user: trackingId === null ? {} : { ttclid: trackingId }, properties: wanted, more: {} }
    if (isDeepStrictEqual(content, right)) return
    if (isDeepStrictEqual(content, { ...right, user: {} })) {
      entry.isUncredited = true
      return
    }
    if (!entry.isDifferent) this.#note('different', key, { received: content, expected: right })
    entry.isDifferent = true
  }

  #note(kind: string, key: string, what: object) {
    if (this.#examples.length < maxExamples) this.#examples.push(`${kind} ${key}: ${JSON.stringify(what)}`)
  }

  verdict(): Verdict {
    const entries = [...this.#entries]
    const missing = entries.filter(([, { ids }]) => ids.size === 0)
    const names = missing.slice(0, maxExamples).map(([key]) => `missing ${key}`)
    const uncredited = entries.filter(([, { isUncredited, isLate }]) => isUncredited && !isLate)
    for (const [key, { expected }] of uncredited) this.#note('not credited', key, { trackingId: expected.trackingId })
    const isWrong = ({ isDifferent, isUncredited, isLate }: Entry) => isDifferent || (isUncredited && !isLate)
    return {
      expected: entries.length,
      right: entries.filter(([, entry]) => entry.ids.size === 1 && !isWrong(entry)).length,
      missing: missing.length,
      doubled: entries.filter(([, { ids }]) => ids.size > 1).length,
      different: entries.filter(([, entry]) => isWrong(entry)).length,
      tooLate: entries.filter(([, { isUncredited, isLate }]) => isUncredited && isLate).length,
      unexpected: this.#strangers.size,
      again: this.#again,
      examples: [...this.#examples, ...names],
    }
  }
}
