/**
 * Dispatch: signals in, outcomes out. The calls to TikTok are the `load` edge; what they brought is the state that is judged.
 *
 * Redelivery: a signal with a sent-mark is not sent again. Its delivery record is published again, as it was, unless the mark says
 * that the broker has it: that is noted in `save`, so only what was being published at a crash is there twice.
 */
import type { Signal } from '../model/topic-values.ts'
import type { Codec } from '../runtime/codec.ts'
import { BadRecord } from '../runtime/failures.ts'
import type { Input, Stage } from '../runtime/stage.ts'
import { topics } from '../topology.ts'
import { outcomeOf } from './decide.ts'
import type { DispatchState, Finding } from './finding.ts'
import { byConnection, type Due } from './group.ts'
import type { Sender } from './sender.ts'
import type { MarkEntry, SentMarks } from './sent-marks.ts'
import type { Standing } from './standing.ts'
import type { Lane } from './troubles.ts'

export interface DispatchTools {
  readonly codec: Pick<Codec, 'decode'>
  readonly marks: SentMarks
  readonly sender: Pick<Sender, 'send'>
  standing(connectionId: string): Standing
  readonly expireMs: number
  readonly warnMs: number
  /** How many signals of a batch are older than `warnMs`: something upstream is late. */
  onOld?(count: number): void
  onUnsent?(signal: Signal, outcome: 'withheld' | 'expired'): void
}

const signalId = /^[0-9a-f]{32}$/

export const dispatch = (tools: DispatchTools): Stage<Signal, DispatchState, MarkEntry> => {
  /** Everything that keeps a signal from being sent, strongest first; null: send it. */
  const obstacle = (signal: Signal, standing: Standing, now: number): Finding | null => {
    const withheld = !standing.may && standing.finding.kind === 'withheld'
    if (!withheld && now - signal.occurredAt > tools.expireMs) return { kind: 'expired' }
    return standing.may ? null : standing.finding
  }

  const load = async (batch: readonly Input<Signal>[], now: number): Promise<DispatchState> => {
    const known = await tools.marks.read(batch.map(({ value }) => value))
    const findings = new Array<Finding | undefined>(batch.length).fill(undefined)
    const standings = new Map<string, Standing>()
    const seen = new Set<string>()
    const due: Due[] = []
    let old = 0
    batch.forEach(({ value: signal, attempt }, place) => {
      const mark = known[place]
      if (seen.has(signal.signalId)) {
        findings[place] = { kind: 'repeated' }
        return
      }
      seen.add(signal.signalId)
      if (mark) {
        findings[place] = mark.recorded ? { kind: 'recorded' } : { kind: 'settled', ...mark.settled }
        return
      }
      const { connectionId } = signal
      const standing = standings.get(connectionId) ?? tools.standing(connectionId)
      standings.set(connectionId, standing)
      if (now - signal.occurredAt > tools.warnMs) old++
      const finding = obstacle(signal, standing, now)
      if (finding) {
        findings[place] = finding
        if (finding.kind === 'withheld' || finding.kind === 'expired') tools.onUnsent?.(signal, finding.kind)
      } else due.push({ place, signal, attempt })
    })
    if (old > 0) tools.onOld?.(old)

    const lane: Lane = batch[0]?.record.topic === topics.signals.name ? 'main' : 'waiting'
    const report = ({ place }: Due, finding: Finding) => {
      findings[place] = finding
    }
    const turns = Array.from(byConnection(due), ([id, group]) => tools.sender.send(id, group, lane, report))
    // Settled first, so that no call of this batch is under way any more when the loop tries it again.
    const failed = (await Promise.allSettled(turns)).find((turn) => turn.status === 'rejected')
    if (failed) throw failed.reason

    if (findings.includes(undefined)) throw new Error('a signal was sent without a report')
    return { findings: findings as Finding[] }
  }

  return {
    name: 'dispatch',
    decode: (record) => {
      const signal = tools.codec.decode('signals', record)
      if (!signalId.test(signal.signalId)) throw new BadRecord('bytes_invalid', 'signalId is not 32 hex digits')
      return signal
    },
    load,
    decide: (batch, { state, now }) => ({
      outcomes: batch.map(({ value, attempt }, place) =>
        outcomeOf(value, attempt, state.findings[place] as Finding, now),
      ),
      changes: batch.flatMap(({ value: signal }, place) => {
        const finding = state.findings[place] as Finding
        return finding.kind === 'settled' ? [{ signal, settled: finding, recorded: true }] : []
      }),
    }),
    save: (changes) => (changes.length === 0 ? Promise.resolve() : tools.marks.write(changes)),
  }
}
