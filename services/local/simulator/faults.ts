/** Scripted faults: the simulator's behaviour in place of a normal answer, for which calls and how often. */
import { z } from 'zod'

export const faultSchema = z.strictObject({
  /** Only calls with this token; absent: any token. */
  token: z.string().min(1).optional(),
  eventSourceId: z.string().min(1).optional(),
  /** Only calls with at least one of these events. */
  eventIds: z.array(z.string()).min(1).optional(),
  /** Only calls with at least this many events. */
  minEvents: z.int().min(2).optional(),
  /** Number of calls it applies to; absent: until cleared. */
  count: z.int().positive().optional(),

  /** Delay before the answer; without other fields the answer is normal. */
  slowMs: z.int().min(0).max(600_000).optional(),
  /** TikTok code of the answer. */
  code: z.int().optional(),
  message: z.string().optional(),
  /** Whether the message names the events of `eventIds` as `Batch.<i>`. */
  hint: z.boolean().optional(),
  /** HTTP status. Without `code` the body is not JSON. */
  status: z.int().min(200).max(599).optional(),
  /** An HTML page in place of JSON. */
  html: z.boolean().optional(),
  /** Exact text of the answer. */
  body: z.string().max(1_000_000).optional(),
  /** Pads the answer to this many bytes. */
  bytes: z.int().positive().max(64_000_000).optional(),
  /** Answers with a redirect to this address. */
  location: z.string().optional(),
  /** No answer; the connection stays open. */
  timeout: z.boolean().optional(),
  /** Resets the connection. */
  reset: z.boolean().optional(),
  /** Answers 20001 and accepts all events but those at these indexes or with these ids; with `hint` the message names them. */
  partial: z
    .strictObject({
      places: z.array(z.int().min(0)).default([]),
      eventIds: z.array(z.string()).default([]),
      hint: z.boolean().default(false),
    })
    .optional(),
  /** Answers 40050 to a call with known events only. */
  duplicates: z.boolean().optional(),
  /** Accepts the events although the answer says otherwise or is lost. */
  taken: z.boolean().default(false),
})
export type Fault = z.output<typeof faultSchema>

export interface ActiveFault {
  readonly id: number
  readonly fault: Fault
  /** null: until cleared. */
  readonly left: number | null
  readonly hits: number
}

export interface FaultedCall {
  readonly token: string
  readonly eventSourceId: string | null
  readonly eventIds: ReadonlySet<string>
  /** Number of its events. */
  readonly events: number
}

export class Faults {
  #next = 1
  #active: ActiveFault[] = []

  add(fault: Fault): ActiveFault {
    const added = { id: this.#next++, fault, left: fault.count ?? null, hits: 0 }
    this.#active.push(added)
    return added
  }

  /** @returns whether the fault existed */
  remove(id: number): boolean {
    const before = this.#active.length
    this.#active = this.#active.filter((active) => active.id !== id)
    return this.#active.length < before
  }

  clear() {
    this.#active = []
  }

  list(): readonly ActiveFault[] {
    return this.#active
  }

  /** Returns the first matching fault and uses up one of its calls. */
  take(call: FaultedCall): Fault | null {
    const index = this.#active.findIndex(({ fault, left }) => left !== 0 && matches(fault, call))
    const found = this.#active[index]
    if (!found) return null
    this.#active[index] = { ...found, hits: found.hits + 1, left: found.left === null ? null : found.left - 1 }
    return found.fault
  }
}

const matches = ({ token, eventSourceId, eventIds, minEvents }: Fault, call: FaultedCall) =>
  (token === undefined || token === call.token) &&
  (eventSourceId === undefined || eventSourceId === call.eventSourceId) &&
  (eventIds === undefined || eventIds.some((id) => call.eventIds.has(id))) &&
  (minEvents === undefined || call.events >= minEvents)
