/**
 * What a history must make at TikTok, computed from docs/contracts.md, sections 4 and 11, event by event. It shares no code with the
 * pipeline. It knows signals by account, event and second, not by their ids.
 */
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import type { Account, ConditionDocument, RuleDocument } from './outcomes-history.ts'

export interface ExpectedSignal {
  readonly account: string
  readonly event: string
  readonly second: number
  readonly trackingId: string | null
  readonly value: number | null
  readonly currency: string | null
}

/** `shop-1 Purchase 1763900000` */
export const keyOf = ({ account, event, second }: Pick<ExpectedSignal, 'account' | 'event' | 'second'>) =>
  `${account} ${event} ${second}`

const plain = (name: string) => name.normalize('NFKC').trim().toLowerCase().split(/\s+/).join(' ')
const isPayment = ({ kind, text }: MessageEvent) => kind === 'message' && (text ?? '').toLowerCase().includes('pago')

interface Fact {
  readonly what: string
  readonly at: number
}
interface Timed {
  readonly at: number
  readonly id: string
}

const latest = (all: readonly Timed[], at: number): Timed | null => {
  let found: Timed | null = null
  for (const one of all) if (one.at <= at && (found === null || one.at >= found.at)) found = one
  return found
}

const whatsOf = ({ outcome = [], flags = [], kind, inboundMessages }: ConditionDocument): readonly string[] => [
  ...outcome.map((name) => `label ${plain(name)}`),
  ...flags.map((flag) => `flag ${flag}`),
  ...(kind === undefined ? [] : ['order']),
  ...(inboundMessages === undefined ? [] : [`message ${inboundMessages}`]),
]

/** One thread of an account: a chat, or an order. */
class Thread {
  readonly #account: Account
  readonly #seen = new Set<string>()
  readonly #touches: Timed[] = []
  readonly #starts: Timed[] = []
  readonly #facts: Fact[] = []
  readonly #fired = new Set<string>()
  #messages = 0
  #newest = 0

  constructor(account: Account) {
    this.#account = account
  }

  /** @param emit @param count a signal that goes to reports alone */
  take(event: MessageEvent, emit: (signal: ExpectedSignal) => void, count: (signal: ExpectedSignal) => void): void {
    const copy = `${event.kind} ${event.messageId} ${event.revision}`
    if (this.#seen.has(copy)) return
    const isFirstRevision = ![...this.#seen].some((one) => one.startsWith(`${event.kind} ${event.messageId} `))
    this.#seen.add(copy)
    const at = event.occurredAt
    const before = latest(this.#touches, this.#starts.at(-1)?.at ?? 0)?.id ?? null
    if (event.referral?.ref) this.#touches.push({ at, id: event.referral.ref })
    const touch = latest(this.#touches, at)
    const signal = (
      name: string,
      outcome: { value: string | null; currency: string | null } | null,
    ): ExpectedSignal => ({
      account: this.#account.accountId,
      event: name,
      second: Math.floor(at / 1000),
      trackingId: touch?.id ?? null,
      value: outcome?.value ? Number(outcome.value) : null,
      currency: outcome?.value ? outcome.currency : null,
    })
    if (event.backfill) return
    if (event.kind === 'message') {
      this.#messages++
      if (this.#isStart(event, before)) {
        // A restart is a conversation of its own.
        this.#messages = 1
        this.#starts.push({ at, id: event.messageId })
        emit(signal('Conversation', null))
      }
      this.#newest = Math.max(this.#newest, at)
      if (isPayment(event)) emit(signal('Keyword', null))
    }
    const sendsOrders = this.#account.rules?.some(({ when, report }) => when.kind === 'order' && report === undefined)
    if (event.kind === 'order' && !sendsOrders && isFirstRevision) emit(signal('Order', null))
    const own = this.#factsOf(event)
    this.#facts.push(...own.map((what) => ({ what, at })))
    for (const rule of this.#account.rules ?? []) {
      if (rule.report === 'off' || !whatsOf(rule.when).some((what) => own.includes(what))) continue
      const stops = rule.unless === undefined ? [] : whatsOf(rule.unless)
      if (this.#facts.some((fact) => stops.includes(fact.what) && fact.at <= at)) continue
      const window = `${rule.event} ${this.#windowOf(rule, event, touch)}`
      if (this.#fired.has(window)) continue
      this.#fired.add(window)
      const made = signal(rule.event, rule.value ? (event.outcome ?? null) : null)
      if (rule.report === 'count_only') count(made)
      else emit(made)
    }
  }

  #isStart({ referral, occurredAt }: MessageEvent, before: string | null): boolean {
    if (this.#starts.length === 0) return true
    const isNew = referral?.ref !== undefined && referral?.ref !== null && referral.ref !== before
    return this.#account.restartOnNewTouch && isNew && occurredAt > this.#newest
  }

  #factsOf(event: MessageEvent): readonly string[] {
    if (event.kind === 'outcome') return [`label ${plain(event.outcome?.name ?? '')}`]
    if (event.kind === 'order') return ['order']
    return [`message ${this.#messages}`, ...(isPayment(event) ? ['flag payment'] : [])]
  }

  #windowOf({ count }: RuleDocument, event: MessageEvent, touch: Timed | null): string {
    if (count === undefined) return `${event.messageId} ${event.kind} ${event.revision}`
    if (count === 'once_per_conversation')
      return latest(this.#starts, event.occurredAt)?.id ?? this.#starts[0]?.id ?? 'none'
    if (count === 'once_per_touch') return touch === null ? 'none' : `${touch.at} ${touch.id}`
    return String(Math.floor(event.occurredAt / (count.onceInHours * 3_600_000)))
  }
}

export class Oracle {
  readonly sent = new Map<string, ExpectedSignal>()
  readonly counted = new Map<string, ExpectedSignal>()
  readonly #threads = new Map<string, Thread>()

  /** Takes events in the order in which the pipeline gets those of each thread. */
  take(account: Account, event: MessageEvent): void {
    const id = `${account.accountId} ${event.conversationId}`
    const thread = this.#threads.get(id) ?? new Thread(account)
    this.#threads.set(id, thread)
    const into = (all: Map<string, ExpectedSignal>) => (signal: ExpectedSignal) => {
      const key = keyOf(signal)
      if (all.has(key)) throw new Error(`the history makes ${key} twice: a slot is too short`)
      all.set(key, signal)
    }
    thread.take(event, into(this.sent), into(this.counted))
  }
}
