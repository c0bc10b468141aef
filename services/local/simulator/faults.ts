/** Faults that a test or a person scripts: what the simulator does in place of a normal answer, for whom and how often. */
import { z } from 'zod'

export const faultSchema = z.strictObject({
  /** Whose calls; absent: everybody's. */
  token: z.string().min(1).optional(),
  eventSourceId: z.string().min(1).optional(),
  /** Only calls that hold one of these events. */
  eventIds: z.array(z.string()).min(1).optional(),
  /** How many calls it hits; absent: until cleared. */
  count: z.int().positive().optional(),

  /** Waits before anything else; alone it only makes calls slow. */
  slowMs: z.int().min(0).max(600_000).optional(),
  /** TikTok's code to answer with. */
  code: z.int().optional(),
  message: z.string().optional(),
  /** Names the events of `eventIds` in the message as `Batch.<i>`. */
  hint: z.boolean().optional(),
  /** HTTP status; alone (or with `html`) without a JSON body. */
  status: z.int().min(200).max(599).optional(),
  /** An HTML page in place of JSON. */
  html: z.boolean().optional(),
  /** Answers with exactly this text. */
  body: z.string().max(1_000_000).optional(),
  /** Pads the answer to so many bytes. */
  bytes: z.int().positive().max(64_000_000).optional(),
  /** Answers with a redirect to there. */
  location: z.string().optional(),
  /** No answer, the connection stays open. */
  timeout: z.boolean().optional(),
  /** The connection is cut. */
  reset: z.boolean().optional(),
  /** Answers 20001 and takes all events but those at these places, or of these ids; with `hint` the message names them. */
  partial: z
    .strictObject({
      places: z.array(z.int().min(0)).default([]),
      eventIds: z.array(z.string()).default([]),
      hint: z.boolean().default(false),
    })
    .optional(),
  /** Answers 40050 where a call holds only events that are there already. */
  duplicates: z.boolean().optional(),
  /** The events are taken all the same: the answer is what is lost. */
  taken: z.boolean().default(false),
})
export type Fault = z.output<typeof faultSchema>

export interface StandingFault {
  readonly id: number
  readonly fault: Fault
  /** null: until cleared. */
  readonly left: number | null
  readonly hits: number
}

export class Faults {
  #next = 1
  #standing: StandingFault[] = []

  add(fault: Fault): StandingFault {
    const standing = { id: this.#next++, fault, left: fault.count ?? null, hits: 0 }
    this.#standing.push(standing)
    return standing
  }

  /** @returns whether there was one */
  remove(id: number): boolean {
    const before = this.#standing.length
    this.#standing = this.#standing.filter((standing) => standing.id !== id)
    return this.#standing.length < before
  }

  clear() {
    this.#standing = []
  }

  list(): readonly StandingFault[] {
    return this.#standing
  }

  /** The first that fits, used up by one. */
  take(call: { token: string; eventSourceId: string | null; eventIds: ReadonlySet<string> }): Fault | null {
    const index = this.#standing.findIndex(({ fault, left }) => left !== 0 && fits(fault, call))
    const found = this.#standing[index]
    if (!found) return null
    this.#standing[index] = { ...found, hits: found.hits + 1, left: found.left === null ? null : found.left - 1 }
    return found.fault
  }
}

const fits = (
  { token, eventSourceId, eventIds }: Fault,
  call: { token: string; eventSourceId: string | null; eventIds: ReadonlySet<string> },
) =>
  (token === undefined || token === call.token) &&
  (eventSourceId === undefined || eventSourceId === call.eventSourceId) &&
  (eventIds === undefined || eventIds.some((id) => call.eventIds.has(id)))
