/** The signals of a conversation that topics hold, and what became of each. */
import { deadLetterTopic, laterTopic, parkedTopic } from '../../derived-topics.ts'
import { codes } from '../../dispatch/destinations/tiktok/codes.ts'
import { positionOf } from '../../runtime/batch/dead-letter.ts'
import { headerNames } from '../../runtime/batch/record-headers.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { TimeWindow } from '../../runtime/topics/read-by-keys.ts'
import type { Delivery, Pseudonym, Signal } from '../../shared/model/topic-values.ts'
import { markOf } from '../../shared/persons/suppressions.ts'
import { delays, replayTopic, stages, topics } from '../../topology.ts'
import { detailOf, type LetterPosition, lettersByOrigin } from './dead-letter-codes.ts'
import { type ReadingTools, readFollowing, readRecords } from './topic-records.ts'

/** TikTok's or dispatch's final outcome, `parked`, `waiting`, or `dead_letter`: dispatch could not process it. */
export interface SignalResult {
  readonly result: Delivery['outcome'] | 'parked' | 'waiting' | 'dead_letter'
  /** TikTok's code, that of the dead letter, or why it is parked; null: none. */
  readonly code: number | string | null
  /**
   * What explains it: that it was a test, the class and name of TikTok's code, the fields and rules that a dead letter names, or the limit past which
   * the signal expired; null: nothing, or not known.
   */
  readonly detail: string | null
  /** ms; null: not final. */
  readonly settledAt: number | null
  /** The stage in which a signal waits: `keywords` has not published it yet; null: it does not wait. */
  readonly waitsIn: 'keywords' | 'dispatch' | null
  /** When dispatch tries again, ms; null: not known. */
  readonly waitsUntil: number | null
}

export interface SignalResults {
  of(signalId: string): SignalResult
  /** Signals of the conversation that `signals.v1` or the topic of replays holds. */
  readonly published: readonly Signal[]
}

const waiting = { result: 'waiting', code: null, detail: null, settledAt: null } as const
const dayMs = 86_400_000

const detailOfDelivery = (
  { outcome, code, test }: Pick<Delivery, 'outcome' | 'code' | 'test'>,
  expireMs: number,
): string | null => {
  if (test && outcome === 'accepted') return 'as a test, which is not counted'
  if (outcome === 'expired') return `older than ${expireMs / dayMs} days, DISPATCH_EXPIRE_DAYS`
  const known = code === null ? undefined : codes[code]
  return outcome === 'rejected' && known ? `${known.verdict}: ${known.name}` : null
}

const unpublished: SignalResult = { ...waiting, waitsIn: 'keywords', waitsUntil: null }

/**
 * @param decided ids of signals that were decided again
 * @throws DependencyError
 */
export const readSignalResults = async (
  connectionId: string,
  conversations: readonly Pseudonym[],
  decided: readonly string[],
  window: TimeWindow,
  tools: ReadingTools & { readonly settings: { readonly expireMs: number } },
): Promise<SignalResults> => {
  const marks = new Set(conversations.map((one) => markOf(one, tools.keyring)))
  const ids = new Set(decided)
  const published = new Map<string, Signal>()
  const results = new Map<string, SignalResult>()
  const asked = { keys: new Set([connectionId]), window: { since: window.since } }
  const letters = await lettersByOrigin([deadLetterTopic('dispatch')], window.since, tools)
  const putAside = new Map<string, LetterPosition>()
  /** Where a record leaves its signal that is not final. */
  const left = (signalId: string, record: ConsumedRecord, waits: SignalResult): SignalResult => {
    const letter = letters.get(positionOf(record))
    if (!letter) return waits
    putAside.set(signalId, letter)
    return { ...waits, result: 'dead_letter', code: letter.code, waitsIn: null, waitsUntil: null }
  }
  const takePublished = (own: TimeWindow, topic: string) =>
    readRecords(tools, { ...asked, window: own, topic, name: 'signals' }, (signal, record) => {
      const isOfThem = marks.has(record.headers[headerNames.suppressionMark] ?? '')
      if (!isOfThem && !ids.has(signal.signalId)) return
      ids.add(signal.signalId)
      published.set(signal.signalId, signal)
      results.set(signal.signalId, left(signal.signalId, record, { ...waiting, waitsIn: 'dispatch', waitsUntil: null }))
    })
  const isPublished = (id: string) => published.has(id)
  for (const topic of [topics.signals.name, replayTopic])
    await readFollowing(
      window,
      (own) => takePublished(own, topic),
      () => [...ids].every(isPublished),
    )
  const isSettled = (id: string) => (results.get(id)?.settledAt ?? null) !== null
  const found = async (): Promise<SignalResults> => {
    for (const [id, letter] of putAside) {
      const result = results.get(id)
      if (result?.result === 'dead_letter') results.set(id, { ...result, detail: await detailOf(letter, tools) })
    }
    return { of: (id: string) => results.get(id) ?? unpublished, published: [...published.values()] }
  }
  if (ids.size === 0) return found()
  await readFollowing(
    window,
    (own) =>
      readRecords(
        tools,
        { ...asked, window: own, topic: topics.deliveries.name, name: 'deliveries' },
        ({ signalId, outcome, code, settledAt, test }) => {
          if (ids.has(signalId))
            results.set(signalId, {
              ...{ result: outcome, code, detail: detailOfDelivery({ outcome, code, test }, tools.settings.expireMs) },
              ...{ settledAt, waitsIn: null, waitsUntil: null },
            })
        },
      ),
    () => [...ids].every(isSettled),
  )
  if ([...ids].every(isSettled)) return found()

  /** Broker time of the record that says where a signal waits, ms: the last one counts. */
  const last = new Map<string, number>()
  const takeLater = (
    topic: string,
    resultAt: (headers: Readonly<Record<string, string>>, at: number) => SignalResult,
  ) =>
    readRecords(tools, { ...asked, topic, name: 'signals' }, ({ signalId }, record) => {
      const { headers, timestamp } = record
      if (!ids.has(signalId) || isSettled(signalId) || timestamp < (last.get(signalId) ?? 0)) return
      last.set(signalId, timestamp)
      results.set(signalId, left(signalId, record, resultAt(headers, timestamp)))
    })
  for (const delay of stages.dispatch.delays)
    await takeLater(laterTopic('dispatch', delay), (_, at) => ({
      ...waiting,
      ...{ waitsIn: 'dispatch', waitsUntil: at + delays[delay] },
    }))
  await takeLater(parkedTopic, (headers) => ({
    ...{ result: 'parked', code: headers.reason ?? null, detail: null, settledAt: null },
    ...{ waitsIn: 'dispatch', waitsUntil: null },
  }))
  return found()
}
