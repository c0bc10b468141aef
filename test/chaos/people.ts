/**
 * What people write during the chaos, and what TikTok must have counted for each. Every person's first message starts the
 * conversation and contains a keyword; a third of them came by a link with a click id. The second message must start nothing again.
 */
import { type Request, whatsappText } from '../../services/local/demo/webhooks.ts'
import type { Arrived } from '../support/world.ts'

/** Distinct seconds, so that an event's time names its person. */
const spacingMs = 1_000

export class People {
  readonly #begin: number
  count = 0

  /** @param begin event time of the first person, ms */
  constructor(begin: number) {
    this.#begin = Math.floor(begin / 1_000) * 1_000
  }

  /** The two messages of the next person. */
  next(): { readonly first: Request; readonly second: Request } {
    const n = this.count++
    const from = `52155${String(n).padStart(8, '0')}`
    const at = this.#begin + n * spacingMs
    const link = n % 3 === 0 ? ` https://shop.example/?ttclid=click-${n}` : ''
    return {
      first: whatsappText(from, `wamid.chaos.${n}.1`, `hola, pago${link}`, at),
      second: whatsappText(from, `wamid.chaos.${n}.2`, 'gracias', at + 500),
    }
  }

  /** Compares event by event: kind, time, tracking ID, properties, and one event id each. */
  compare(events: readonly Arrived[]): {
    readonly missing: number
    readonly double: number
    readonly wrong: number
    readonly first: string
  } {
    const expected = new Map<string, string>()
    for (let n = 0; n < this.count; n++) {
      const time = (this.#begin + n * spacingMs) / 1_000
      const user = n % 3 === 0 ? { ttclid: `click-${n}` } : {}
      expected.set(`Conversation ${time}`, JSON.stringify([user, {}]))
      expected.set(`Keyword ${time}`, JSON.stringify([user, { payment: true }]))
    }
    const seen = new Map<string, Map<string, string>>()
    for (const { event, event_id, event_time, user, properties } of events) {
      const key = `${event} ${event_time}`
      const ids = seen.get(key) ?? new Map<string, string>()
      seen.set(key, ids.set(event_id, JSON.stringify([user, properties])))
    }
    let [missing, double, wrong, first] = [0, 0, 0, '']
    const note = (text: string) => {
      first ||= text
    }
    for (const [key, content] of expected) {
      const ids = seen.get(key)
      if (!ids) {
        missing++
        note(`${key} is missing`)
        continue
      }
      if (ids.size > 1) {
        double += ids.size - 1
        note(`${key} has ${ids.size} event ids`)
      }
      for (const found of ids.values()) {
        if (found === content) continue
        wrong++
        note(`${key} is ${found}, not ${content}`)
      }
    }
    for (const key of seen.keys()) {
      if (expected.has(key)) continue
      wrong++
      note(`${key} was never written`)
    }
    return { missing, double, wrong, first }
  }
}
