/**
 * Dispatch: signals in, outcomes out. `load` makes the calls; their results are the state that `decide` judges.
 *
 * Redelivery: a signal with a sent record is not sent again. Its delivery record is published again unchanged, unless the sent record
 * says that the broker has it. `save` writes that, so only records under way at a crash are published twice.
 */

import { BadRecord } from '../failures.ts'
import { headerNames, receivedAtOf } from '../runtime/batch/record-headers.ts'
import type { Input, Stage } from '../runtime/batch/stage.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { Signal } from '../shared/model/topic-values.ts'
import type { SuppressionCheck } from '../shared/persons/suppressions.ts'
import type { BreakerRegistry } from './circuit-breaker/registry.ts'
import { byConnection, type PendingEvent } from './delivery/batches.ts'
import { combined } from './delivery/combine.ts'
import type { DeliveryScheduler } from './delivery/delivery-scheduler.ts'
import { consentOfSignal, type Eligibility, signalEligibility, withheld } from './delivery/eligibility.ts'
import type { SentEntry, SentLog } from './sent-log/sent-log.ts'
import { outcomeOf } from './signal/outcomes.ts'
import { trafficClassOf } from './signal/priority.ts'
import type { DispatchState, PartResult, SendResult } from './signal/send-result.ts'

export interface DispatchTools {
  readonly codec: Pick<Codec, 'decode'>
  readonly sentLog: SentLog
  readonly breakers: Pick<BreakerRegistry, 'refresh'>
  readonly scheduler: Pick<DeliveryScheduler, 'send'>
  eligibilityOf(connectionId: string): Eligibility
  /** The events that a signal is sent as, each with its own id; undefined: one event, the signal itself. */
  readonly parts: ((signal: Signal) => readonly Signal[]) | undefined
  /** Whether the destination has a form for a signal; unset: for all. */
  readonly encodes?: (signal: Signal) => boolean
  /** Unset: none. */
  readonly suppressions?: Pick<SuppressionCheck, 'hasMark'>
  readonly expireMs: number
  readonly warnMs: number
  /** How many signals of a batch are older than `warnMs`: an earlier stage is late. */
  onOld?(count: number): void
  onUnsent?(signal: Signal, outcome: 'withheld' | 'expired' | 'counted'): void
}

const signalId = /^[0-9a-f]{32}$/

/** Rules that need a form are refused at import; the wire profile was changed since. The signal waits for another one, until it expires. */
const withoutForm: SendResult = { kind: 'notAttempted', delay: '2h', reason: 'no_wire_form' }

/** What `save` writes for the events of a signal once the broker has its delivery record. */
const recordedEntries = (events: DispatchState['events'][number]): SentEntry[] =>
  events.flatMap(({ event, result: { result } }) =>
    result.kind === 'final' ? [{ signal: event, final: result, recorded: true }] : [],
  )

export const dispatch = (tools: DispatchTools): Stage<Signal, DispatchState, SentEntry> => {
  /** The events of a batch; a copy of a signal earlier in the batch has none. */
  const eventsOf = (batch: readonly Input<Signal>[], connections: ReadonlyMap<string, Eligibility>): PendingEvent[] => {
    const seen = new Set<string>()
    return batch.flatMap(({ value, attempt, record }, position) => {
      if (seen.has(value.signalId)) return []
      seen.add(value.signalId)
      const connection = connections.get(value.connectionId)
      const consent = consentOfSignal(record.headers[headerNames.consent], receivedAtOf(record), connection)
      return tools.parts
        ? tools.parts(value).map((signal) => ({ position, signal, attempt, consent }))
        : { position, signal: value, attempt, consent }
    })
  }

  const load = async (batch: readonly Input<Signal>[], now: number): Promise<DispatchState> => {
    const connectionIds = [...new Set(batch.map(({ value }) => value.connectionId))]
    const eligibilities = new Map(connectionIds.map((id) => [id, tools.eligibilityOf(id)]))
    const events = eventsOf(batch, eligibilities)
    // Records rebuilt from `deliveries.v1` are about a signal as a whole.
    const wholes = tools.parts ? batch.map(({ value }) => value) : []
    const [records] = await Promise.all([
      tools.sentLog.read([...events.map(({ signal }) => signal), ...wholes]),
      tools.breakers.refresh(connectionIds),
    ])
    const recordOf = (event: PendingEvent, index: number) =>
      (tools.parts && records[events.length + event.position]) || records[index]
    const results = new Map<PendingEvent, PartResult>()
    const age = { now, expireMs: tools.expireMs }
    const pending: PendingEvent[] = []
    let old = 0
    events.forEach((event, index) => {
      const record = recordOf(event, index)
      if (record) {
        results.set(event, { result: { ...record.final, kind: 'final' }, recorded: record.recorded })
        return
      }
      const { signal, consent } = event
      if (now - signal.occurredAt > tools.warnMs) old++
      const { record: input } = batch[event.position] as Input<Signal>
      const connection = eligibilities.get(signal.connectionId) as Eligibility
      const eligibility = tools.suppressions?.hasMark(input.headers[headerNames.suppressionMark])
        ? withheld
        : signalEligibility(connection, signal, consent, age)
      if (eligibility.eligible && tools.encodes?.(signal) === false) {
        results.set(event, { result: withoutForm, recorded: false })
        return
      }
      if (eligibility.eligible) {
        pending.push(event)
        return
      }
      const { result } = eligibility
      results.set(event, { result, recorded: false })
      if (result.kind === 'withheld' || result.kind === 'expired' || result.kind === 'counted')
        tools.onUnsent?.(signal, result.kind)
    })
    if (old > 0) tools.onOld?.(old)

    const trafficClass = trafficClassOf(batch[0]?.record.topic ?? '')
    const report = (event: PendingEvent, result: SendResult) => {
      results.set(event, { result, recorded: false })
    }
    const deliveries = Array.from(byConnection(pending), ([id, own]) =>
      tools.scheduler.send(id, own, trafficClass, report),
    )
    // Wait for all before throwing: the loop retries the batch, and no call of it may be under way then.
    const failed = (await Promise.allSettled(deliveries)).find(({ status }) => status === 'rejected')
    if (failed) throw (failed as PromiseRejectedResult).reason

    const state = batch.map((): { event: Signal; result: PartResult }[] => [])
    for (const event of events) {
      const result = results.get(event)
      if (!result) throw new Error('a signal was sent without a report')
      state[event.position]?.push({ event: event.signal, result })
    }
    return { events: state }
  }

  return {
    name: 'dispatch',
    decode: (record) => {
      const signal = tools.codec.decode('signals', record)
      if (!signalId.test(signal.signalId)) throw new BadRecord('bytes_invalid', 'signalId is not 32 hex digits')
      return signal
    },
    connectionOf: ({ key }) => key ?? undefined,
    load,
    decide: (batch, { state, now }) => {
      const results = state.events.map((events) => combined(events.map(({ result }) => result)))
      return {
        outcomes: batch.map(({ value, attempt }, position) =>
          outcomeOf(value, attempt, results[position] as SendResult, now),
        ),
        changes: results.flatMap((result, position) => {
          if (result.kind !== 'final') return []
          const entries = recordedEntries(state.events[position] ?? [])
          const whole = { signal: (batch[position] as Input<Signal>).value, final: result, recorded: true }
          return tools.parts ? [whole, ...entries] : entries
        }),
      }
    },
    save: (changes) => (changes.length === 0 ? Promise.resolve() : tools.sentLog.write(changes)),
  }
}
