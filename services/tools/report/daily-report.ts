/**
 * What was reported, by day and connection. Pure. Each signal counts once, with its last delivery; a signal without one waits. So the
 * settled figures of a row add up to its deliveries.
 */
import { decimalOf } from '../../shared/model/outcomes/reported-outcome.ts'
import type { Delivery, Signal } from '../../shared/model/topic-values.ts'
import { decimalOfMicros, microsOf } from './decimal-sum.ts'

type Counts = Readonly<Record<string, number>>

export interface ReportRow {
  /** UTC, of the signals' own time. */
  readonly day: string
  readonly connectionId: string
  readonly conversationsByOrigin: Counts
  /** Share of the conversations with a tracking ID; null: there are none. */
  readonly shareWithTrackingId: number | null
  readonly keywordsByFlag: Counts
  readonly orders: number
  /** Values are exact decimals, by currency. */
  readonly outcomes: Readonly<
    Record<string, { readonly count: number; readonly values: Readonly<Record<string, string>> }>
  >
  /** accepted, duplicate and rejected together. */
  readonly sent: number
  readonly accepted: number
  readonly duplicate: number
  readonly rejectedByCode: Counts
  readonly expired: number
  readonly withheld: number
  /** For reports only, never sent. */
  readonly counted: number
  /** As of now. */
  readonly waiting: number
}

type Settled = Pick<
  Delivery,
  | 'signalId'
  | 'connectionId'
  | 'kind'
  | 'outcome'
  | 'code'
  | 'occurredAt'
  | 'flags'
  | 'event'
  | 'value'
  | 'currency'
  | 'origin'
  | 'hasTrackingId'
>
type Raised = Pick<Signal, 'signalId' | 'connectionId' | 'occurredAt'>

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

const countsBy = (keys: readonly string[]): Counts =>
  Object.fromEntries([...Map.groupBy(keys, (key) => key)].sort().map(([key, all]) => [key, all.length]))

const valuesOf = (deliveries: readonly Settled[]) => {
  const sums = new Map<string, bigint>()
  // A value that is no decimal was not written by dispatch.
  for (const { value, currency } of deliveries)
    if (decimalOf(value) !== null && value !== null && currency !== null)
      sums.set(currency, (sums.get(currency) ?? 0n) + microsOf(value))
  return Object.fromEntries([...sums].sort().map(([currency, micros]) => [currency, decimalOfMicros(micros)]))
}

const rowOf = (day: string, connectionId: string, settled: readonly Settled[], waiting: number): ReportRow => {
  const ofKind = (kind: Delivery['kind']) => settled.filter((one) => one.kind === kind)
  const of = (outcome: Delivery['outcome']) => settled.filter((one) => one.outcome === outcome)
  const starts = ofKind('conversation')
  const events = Map.groupBy(ofKind('outcome'), ({ event }) => event ?? 'unknown')
  const [accepted, duplicate, rejected] = [of('accepted').length, of('duplicate').length, of('rejected')]
  return {
    day,
    connectionId,
    conversationsByOrigin: countsBy(starts.map(({ origin }) => origin ?? 'other')),
    shareWithTrackingId:
      starts.length === 0 ? null : starts.filter(({ hasTrackingId }) => hasTrackingId).length / starts.length,
    keywordsByFlag: countsBy(ofKind('keyword').flatMap(({ flags }) => flags)),
    orders: ofKind('order').length,
    outcomes: Object.fromEntries(
      [...events].sort().map(([event, all]) => [event, { count: all.length, values: valuesOf(all) }]),
    ),
    sent: accepted + duplicate + rejected.length,
    accepted,
    duplicate,
    rejectedByCode: countsBy(rejected.map(({ code }) => String(code ?? 'unknown'))),
    expired: of('expired').length,
    withheld: of('withheld').length,
    counted: of('counted').length,
    waiting,
  }
}

export class DailyReport {
  readonly #settled = new Map<string, Settled>()
  readonly #raised = new Map<string, Raised>()
  readonly #isWanted: (connectionId: string, occurredAt: number) => boolean

  /** @param isWanted whether the report is about a connection at a time, ms */
  constructor(isWanted: (connectionId: string, occurredAt: number) => boolean) {
    this.#isWanted = isWanted
  }

  settled(delivery: Settled): void {
    if (this.#isWanted(delivery.connectionId, delivery.occurredAt)) this.#settled.set(delivery.signalId, delivery)
  }

  raised({ signalId, connectionId, occurredAt }: Raised): void {
    if (this.#isWanted(connectionId, occurredAt)) this.#raised.set(signalId, { signalId, connectionId, occurredAt })
  }

  /** By day, then by connection; days without a signal have no row. */
  rows(): readonly ReportRow[] {
    const keyOf = ({ occurredAt, connectionId }: Pick<Raised, 'occurredAt' | 'connectionId'>) =>
      `${dayOf(occurredAt)} ${connectionId}`
    const settled = Map.groupBy(this.#settled.values(), keyOf)
    const open = [...this.#raised.values()].filter(({ signalId }) => !this.#settled.has(signalId))
    const waiting = Map.groupBy(open, keyOf)
    return [...new Set([...settled.keys(), ...waiting.keys()])].sort().map((key) => {
      const at = key.indexOf(' ')
      return rowOf(key.slice(0, at), key.slice(at + 1), settled.get(key) ?? [], waiting.get(key)?.length ?? 0)
    })
  }
}
