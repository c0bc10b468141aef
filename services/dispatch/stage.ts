/**
 * Dispatch: signals in, outcomes out. The calls to TikTok are the `load` edge; what they brought is the state that is judged.
 *
 * Redelivery: a signal with a sent-mark is not sent again. Its delivery record is published again, as it was, unless the mark says
 * that the broker has it: that is noted in `save`, so only what was being published at a crash is there twice.
 */

import { headerNames } from '../runtime/batch/record-headers.ts'
import type { Input, Stage } from '../runtime/batch/stage.ts'
import { BadRecord } from '../runtime/failures.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { Signal } from '../shared/model/topic-values.ts'
import type { BreakerRegistry } from './circuit-breaker/registry.ts'
import { byConnection, type PendingEvent } from './delivery/batches.ts'
import { combined } from './delivery/combine.ts'
import type { DeliveryScheduler } from './delivery/delivery-scheduler.ts'
import { type Eligibility, underConsent } from './delivery/eligibility.ts'
import { trafficClassOf } from './limits/priority.ts'
import { outcomeOf } from './outcomes.ts'
import type { DispatchState, PartResult, SendResult } from './send-result.ts'
import type { SentEntry, SentLog } from './sent-log/sent-log.ts'

export interface DispatchTools {
  readonly codec: Pick<Codec, 'decode'>
  readonly sentLog: SentLog
  readonly breakers: Pick<BreakerRegistry, 'refresh'>
  readonly scheduler: Pick<DeliveryScheduler, 'send'>
  eligibilityOf(connectionId: string): Eligibility
  /** The events a signal is sent as, each with an id of its own, where the wire form makes several of one. */
  parts?(signal: Signal): readonly Signal[]
  readonly expireMs: number
  readonly warnMs: number
  /** How many signals of a batch are older than `warnMs`: something upstream is late. */
  onOld?(count: number): void
  onUnsent?(signal: Signal, outcome: 'withheld' | 'expired'): void
}

const signalId = /^[0-9a-f]{32}$/

/** What is noted once the broker has the delivery record. */
const recordedMarks = (parts: DispatchState['parted'][number]): SentEntry[] =>
  parts.flatMap(({ signal, found: { result } }) =>
    result.kind === 'settled' ? [{ signal, settled: result, recorded: true }] : [],
  )

export const dispatch = (tools: DispatchTools): Stage<Signal, DispatchState, SentEntry> => {
  /** Everything that keeps a signal from being sent, strongest first; null: send it. */
  const obstacle = (signal: Signal, standing: Eligibility, now: number): SendResult | null => {
    const withheld = !standing.may && standing.finding.kind === 'withheld'
    if (!withheld && now - signal.occurredAt > tools.expireMs) return { kind: 'expired' }
    return standing.may ? null : standing.finding
  }

  /** The parts of a batch, each signal's once: a copy further behind has none. */
  const partsOf = (batch: readonly Input<Signal>[]): PendingEvent[] => {
    const seen = new Set<string>()
    return batch.flatMap(({ value, attempt, record }, place) => {
      if (seen.has(value.signalId)) return []
      seen.add(value.signalId)
      const consent = record.headers[headerNames.consent]
      return tools.parts
        ? tools.parts(value).map((signal) => ({ place, signal, attempt, consent }))
        : { place, signal: value, attempt, consent }
    })
  }

  const load = async (batch: readonly Input<Signal>[], now: number): Promise<DispatchState> => {
    const parts = partsOf(batch)
    const connectionIds = [...new Set(batch.map(({ value }) => value.connectionId))]
    // Marks that were brought back tell of a signal as a whole.
    const wholes = tools.parts ? batch.map(({ value }) => value) : []
    const [marks] = await Promise.all([
      tools.sentLog.read([...parts.map(({ signal }) => signal), ...wholes]),
      tools.breakers.refresh(connectionIds),
    ])
    const markOf = (part: PendingEvent, index: number) =>
      (tools.parts && marks[parts.length + part.place]) || marks[index]
    const found = new Map<PendingEvent, PartResult>()
    const standings = new Map(connectionIds.map((id) => [id, tools.eligibilityOf(id)]))
    const due: PendingEvent[] = []
    let old = 0
    parts.forEach((part, index) => {
      const mark = markOf(part, index)
      if (mark) {
        found.set(part, { result: { kind: 'settled', ...mark.settled }, recorded: mark.recorded })
        return
      }
      const { signal } = part
      if (now - signal.occurredAt > tools.warnMs) old++
      const standing = underConsent(standings.get(signal.connectionId) as Eligibility, part.consent)
      const finding = obstacle(signal, standing, now)
      if (finding) {
        found.set(part, { result: finding, recorded: false })
        if (finding.kind === 'withheld' || finding.kind === 'expired') tools.onUnsent?.(signal, finding.kind)
      } else due.push(part)
    })
    if (old > 0) tools.onOld?.(old)

    const lane = trafficClassOf(batch[0]?.record.topic ?? '')
    const report = (part: PendingEvent, finding: SendResult) => {
      found.set(part, { result: finding, recorded: false })
    }
    const turns = Array.from(byConnection(due), ([id, group]) => tools.scheduler.send(id, group, lane, report))
    // Settled first, so that no call of this batch is under way any more when the loop tries it again.
    const failed = (await Promise.allSettled(turns)).find((turn) => turn.status === 'rejected')
    if (failed) throw failed.reason

    const parted = batch.map((): { signal: Signal; found: PartResult }[] => [])
    for (const part of parts) {
      const one = found.get(part)
      if (!one) throw new Error('a signal was sent without a report')
      parted[part.place]?.push({ signal: part.signal, found: one })
    }
    return { parted }
  }

  return {
    name: 'dispatch',
    decode: (record) => {
      const signal = tools.codec.decode('signals', record)
      if (!signalId.test(signal.signalId)) throw new BadRecord('bytes_invalid', 'signalId is not 32 hex digits')
      return signal
    },
    load,
    decide: (batch, { state, now }) => {
      const findings = state.parted.map((parts) => combined(parts.map(({ found }) => found)))
      return {
        outcomes: batch.map(({ value, attempt }, place) =>
          outcomeOf(value, attempt, findings[place] as SendResult, now),
        ),
        changes: findings.flatMap((finding, place) => {
          if (finding.kind !== 'settled') return []
          const parts = recordedMarks(state.parted[place] ?? [])
          const whole = { signal: (batch[place] as Input<Signal>).value, settled: finding, recorded: true }
          return tools.parts ? [whole, ...parts] : parts
        }),
      }
    },
    save: (changes) => (changes.length === 0 ? Promise.resolve() : tools.sentLog.write(changes)),
  }
}
