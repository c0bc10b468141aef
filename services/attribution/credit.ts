/**
 * Credits the last of a conversation's message events with a tracking ID, as the stage does, and says why. For `signals attribution
 * test`: no state, no keys. The events are decided in the order given; a wait for a separate referral is left out.
 */

import { emptyState } from '../shared/conversations/state.ts'
import type { Extractor } from '../shared/model/connection-record.ts'
import type { MessageEvent } from '../shared/model/message-event.ts'
import { type Attribution, attribute, type MessageFacts, type Rules } from './attribute.ts'
import { defaultExtractors } from './tracking-id/extract.ts'
import { defaultTextWindowMs } from './tracking-id/text-window.ts'

export interface Credit {
  readonly trackingId: string | null
  /** Where the tracking ID was found, or what speaks against one. Quotes no text. */
  readonly why: string
}

const windowDays = 7

const rulesWith = (extractors: readonly Extractor[] | null, countUpTo: number): Rules => ({
  extractors: extractors ?? defaultExtractors,
  windowMs: windowDays * 86_400_000,
  waitMs: 0,
  textWindowMs: defaultTextWindowMs,
  quietMs: null,
  restartOnNewTouch: false,
  countUpTo,
})

/** The event's place among the given ones is its id, and equal ids are one message. */
const factsOf = (event: MessageEvent, ids: Map<string, string>): MessageFacts => {
  const { messageId, text, links, referral } = event
  const id = ids.get(messageId) ?? String(ids.size + 1).padStart(12, '0')
  ids.set(messageId, id)
  return {
    message: id,
    kind: event.kind,
    direction: event.direction,
    sender: event.sender,
    occurredAt: event.occurredAt,
    hasText: text !== null,
    hasLinks: links.length > 0,
    hasReferral: referral !== null,
    backfill: event.backfill,
  }
}

const placeOf = ({ from, query, pattern }: Extractor) =>
  [from, ...(query === null ? [] : [`query ${query}`]), ...(pattern === null ? [] : ['a pattern'])].join(', ')

/** Decides the message events of one conversation, one after another. */
export class EventAttribution {
  readonly #rules: Rules
  readonly #ids = new Map<string, string>()
  #state = emptyState

  /** @param extractors null: the default ones @param countUpTo how many inbound messages get a number */
  constructor(extractors: readonly Extractor[] | null = null, countUpTo = 0) {
    this.#rules = rulesWith(extractors, countUpTo)
  }

  /** The id is the event's place among the given ones; equal message ids are one message. */
  next(event: MessageEvent): Attribution & { readonly message: string } {
    const { text, links, referral } = event
    const facts = factsOf(event, this.#ids)
    const decided = attribute(this.#state, facts, this.#rules, () => ({ text, links, referral }))
    this.#state = decided.state
    return { ...decided, message: facts.message }
  }
}

/** @param events message events of one conversation, at least one @param extractors null: the default ones */
export const creditOf = (events: readonly MessageEvent[], extractors: readonly Extractor[] | null): Credit => {
  const attribution = new EventAttribution(extractors)
  /** Per tracking ID, where it was found first. */
  const places = new Map<string, string>()
  let refused = 0
  let last: Attribution | undefined
  events.forEach((event, at) => {
    last = attribution.next(event)
    refused += last.refused
    if (last.found && !places.has(last.found.trackingId))
      places.set(last.found.trackingId, `event ${at + 1}: ${placeOf(last.found.extractor)}`)
  })
  const trackingId = last?.trackingId ?? null
  if (trackingId !== null) return { trackingId, why: places.get(trackingId) ?? 'an earlier touch' }
  if (places.size > 0) return { trackingId, why: `no touch counts at that time: ${[...places.values()].join('; ')}` }
  const values = refused === 0 ? 'no value' : `${refused} value${refused === 1 ? '' : 's'} that cannot be a tracking ID`
  return { trackingId, why: `the extractors find ${values}` }
}
