/** A seeded history of conversations with messages, labels, orders, duplicates and late events, and the rule sets that judge it. */
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import { messageEvent } from '../support/builders.ts'

/** As in a file for `signals rules import`. */
export interface RuleDocument {
  readonly event: string
  readonly when: ConditionDocument
  readonly unless?: ConditionDocument
  readonly count?: 'once_per_conversation' | 'once_per_touch' | { readonly onceInHours: number }
  readonly value?: boolean
  readonly report?: 'count_only' | 'off'
}
export interface ConditionDocument {
  readonly outcome?: readonly string[]
  readonly flags?: readonly string[]
  readonly kind?: 'order'
  readonly inboundMessages?: number
}

export const ruleSets: Readonly<Record<string, readonly RuleDocument[]>> = {
  default: [
    { event: 'QualifiedLead', when: { outcome: ['qualified', 'Calificado'] }, count: 'once_per_conversation' },
    { event: 'Purchase', when: { outcome: ['won'] }, unless: { outcome: ['refund'] }, value: true },
    { event: 'Paid', when: { flags: ['payment'] }, unless: { outcome: ['refund'] }, count: 'once_per_touch' },
    { event: 'Engaged', when: { inboundMessages: 3 }, count: { onceInHours: 1 } },
    { event: 'Bought', when: { kind: 'order' }, value: true },
    { event: 'Lost', when: { outcome: ['lost deal'] }, report: 'count_only' },
    { event: 'Silent', when: { outcome: ['won'] }, report: 'off' },
  ],
  mx: [
    { event: 'PaidHourly', when: { flags: ['payment'] }, count: { onceInHours: 1 } },
    { event: 'PaidCounted', when: { flags: ['payment'] }, report: 'count_only' },
    { event: 'First', when: { inboundMessages: 1 } },
    {
      event: 'Lead',
      when: { outcome: ['calificado', 'won'] },
      unless: { flags: ['payment'] },
      count: 'once_per_touch',
    },
    { event: 'Sale', when: { outcome: ['won'] }, count: 'once_per_conversation', value: true },
    { event: 'Ordered', when: { kind: 'order' }, count: 'once_per_conversation', value: true },
  ],
  own: [
    { event: 'EarlyLead', when: { outcome: ['qualified'] }, unless: { inboundMessages: 3 } },
    { event: 'WonHourly', when: { outcome: ['won'] }, count: { onceInHours: 1 }, value: true },
    { event: 'Talks', when: { inboundMessages: 2 }, unless: { flags: ['payment'] }, count: 'once_per_conversation' },
    { event: 'TouchedCounted', when: { outcome: ['Lost  Deal'] }, count: 'once_per_touch', report: 'count_only' },
  ],
}

export interface Account {
  readonly source: string
  readonly accountId: string
  /** null: no rule judges its message events. */
  readonly rules: readonly RuleDocument[] | null
  readonly restartOnNewTouch: boolean
  /** Further fields of the connection. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Every fifth has a market of its own, every seventh its own set, every eleventh names one that does not exist. */
export const accountsOf = (count: number): readonly Account[] =>
  Array.from({ length: count }, (_, n): Account => {
    // While a conversation waits, its events are put in the order of their times; the oracle takes them as they come.
    const fields = { reportOrders: true, restartOnNewTouch: n % 2 === 0, attributionWaitSeconds: 0 }
    const base = { source: 'whatsapp', accountId: `shop-${n}`, restartOnNewTouch: n % 2 === 0 }
    if (n % 11 === 10) return { ...base, rules: null, fields: { ...fields, ruleSetId: 'nowhere' } }
    if (n % 7 === 6)
      return { ...base, rules: ruleSets.own ?? [], fields: { ...fields, ruleSetId: 'own', market: 'mx' } }
    if (n % 5 === 4) return { ...base, rules: ruleSets.mx ?? [], fields: { ...fields, market: 'mx' } }
    return { ...base, rules: ruleSets.default ?? [], fields }
  })

/** Mulberry32: equal seeds give equal histories. */
export const randomOf = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Each conversation of an account has seconds of its own, so that an event at TikTok is known by account, name and second. */
export const slotSeconds = 120
const names = ['qualified', ' CALIFICADO ', 'Won', 'won', 'refund', 'Lost \t deal', 'spoken to'] as const

export interface Conversation {
  readonly account: Account
  /** In the order in which the pipeline gets them. */
  readonly events: readonly MessageEvent[]
  /** Copies that come much later. */
  readonly duplicates: readonly MessageEvent[]
}

/** @param n of the account's conversations, from 0 @param start of the account's first one, ms */
export const conversationOf = (account: Account, n: number, start: number, random: () => number): Conversation => {
  const id = `${account.accountId}:chat-${n}`
  const from = start + n * slotSeconds * 1000
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const events: MessageEvent[] = []
  let second = 0
  let earlier = 0
  const base = {
    source: account.source,
    accountId: account.accountId,
    channel: 'whatsapp',
    timeSource: 'event',
  } as const
  /** Late: a second before what came last. */
  const at = (isLate = false) => from + (isLate ? earlier - 1 : second) * 1000
  const step = () => {
    earlier = second
    second += 3 + Math.floor(random() * 5)
  }
  const decimal = () => `${1 + Math.floor(random() * 9_000)}.${String(Math.floor(random() * 100)).padStart(2, '0')}`
  const money = () => ({ value: decimal(), currency: pick(['MXN', 'IDR', 'USD']) })
  const message = (referral: string | null) =>
    messageEvent({
      ...base,
      conversationId: id,
      messageId: `${id}-m${events.length}`,
      occurredAt: at(),
      text: random() < 0.3 ? 'ya hice el PAGO' : 'hola, una pregunta',
      referral:
        referral === null
          ? null
          : { source: 'tiktok_ad', ref: referral, adId: null, advertiserId: null, clickId: null, url: null },
    })
  const outcome = (isLate: boolean) => {
    const name = pick(names)
    const paid = name.toLowerCase() === 'won' && random() < 0.9
    return messageEvent({
      ...base,
      ...{ conversationId: id, messageId: `${id}-o${events.length}`, occurredAt: at(isLate), kind: 'outcome' },
      ...{ direction: 'outbound', sender: 'agent', text: null, textOrigin: null, backfill: random() < 0.03 },
      outcome: { name, ...(paid ? money() : { value: null, currency: null }), reference: null },
    })
  }
  const order = (orderId: string, revision: string) =>
    messageEvent({
      ...base,
      ...{ conversationId: `order:${orderId}`, messageId: orderId, occurredAt: at(), kind: 'order', revision },
      ...{ text: null, textOrigin: null, outcome: { name: null, ...money(), reference: null } },
    })
  events.push(message(random() < 0.6 ? `E.C.P.${id}-a`.replace(':', '.') : null))
  const length = 2 + Math.floor(random() * 5)
  for (let turn = 0; turn < length; turn++) {
    step()
    const choice = random()
    if (choice < 0.4) events.push(message(random() < 0.15 ? `E.C.P.${id}-${turn}`.replace(':', '.') : null))
    else if (choice < 0.9) events.push(outcome(earlier > 0 && random() < 0.15))
    else {
      events.push(order(`${id}-order-${turn}`, 'r1'))
      step()
      if (random() < 0.5) events.push(order(`${id}-order-${turn}`, 'r2'))
    }
  }
  const copies = events.filter(() => random() < 0.08)
  return { account, events: [...events, ...copies.slice(0, 1)], duplicates: copies.slice(1) }
}
