/** Decides what a redrive does with each selected dead letter. Pure. */
import { dedupWindowMs } from '../../ingest/identity.ts'
import { catalogueEntryOf, type FoundDeadLetter, originOf } from './found.ts'

export interface RedriveOptions {
  /** Include codes that a redrive cannot help, records that the dry run finds to fail again, and items whose neighbours are no longer recognised as duplicates. */
  readonly force: boolean
  /** Include dead letters that were redriven before, or that failed again after a redrive. */
  readonly again: boolean
}

export type RedriveSkipReason = 'never' | 'redriven' | 'failed_again' | 'failed_later' | 'claims_gone' | 'would_fail'

export const redriveSkipReasons: Readonly<Record<RedriveSkipReason, string>> = {
  never: 'a redrive cannot help, by the catalogue (--force sends them all the same)',
  redriven: 'put back or discarded before (--again)',
  failed_again: 'failed again after a redrive: fix the cause first (--again)',
  failed_later: 'put back before and failed again: only the later dead letter can be put back',
  claims_gone:
    'one item of a delivery whose other items are too old to be recognised: they would count twice (--force)',
  would_fail: 'would fail again on the present mappings: fix the cause first (--force sends them all the same)',
}

export interface Redriven {
  /** The dead letter whose record goes back, once for all dead letters of the record. */
  readonly found: FoundDeadLetter
  /** All dead letters of the record, selected or not: the redrive counts for each. */
  readonly together: readonly FoundDeadLetter[]
}

export interface RedrivePlan {
  readonly send: readonly Redriven[]
  readonly skipped: Readonly<Record<RedriveSkipReason, number>>
}

/** Ingest drops a delivery's other items as duplicates while their claims live; one hour less leaves time for the redrive. */
const claimsLiveMs = dedupWindowMs - 3_600_000
/** Codes of a single item, whose record's other items were processed. */
const partial: ReadonlySet<string> = new Set(['item_unmappable', 'too_large'])

/** True when the plan needs all dead letters, not only the selected ones: their records may have other or later ones. */
export const needsAllDeadLetters = (selected: readonly FoundDeadLetter[], { again }: RedriveOptions): boolean =>
  again || selected.some(({ code }) => partial.has(code))

/** Origins of redriven dead letters that failed again. Only the last failure of a record may go back, or the record would be doubled. */
const originsFailedAgain = (all: readonly FoundDeadLetter[]): ReadonlySet<string> => {
  const byId = new Map(all.map((found) => [found.id, found]))
  const predecessors = all.map(({ redriveOf }) => (redriveOf === null ? undefined : byId.get(redriveOf)))
  return new Set(predecessors.flatMap((predecessor) => (predecessor ? [originOf(predecessor)] : [])))
}

/**
 * @param redriven ids of dead letters that were redriven before
 * @param now ms
 */
export const planRedrive = (
  selected: readonly FoundDeadLetter[],
  redriven: ReadonlySet<string>,
  now: number,
  { force, again }: RedriveOptions,
  /** All dead letters, where `needsAllDeadLetters`. */
  all: readonly FoundDeadLetter[] = selected,
): RedrivePlan => {
  const skipped: Record<RedriveSkipReason, number> = {
    never: 0,
    redriven: 0,
    failed_again: 0,
    failed_later: 0,
    claims_gone: 0,
    would_fail: 0,
  }
  const supersededOrigins = originsFailedAgain(all)
  const reasonToSkip = (found: FoundDeadLetter): RedriveSkipReason | null => {
    if (!force && catalogueEntryOf(found.code).redrive === 'never') return 'never'
    if (!again && redriven.has(found.id)) return 'redriven'
    if (!again && found.redrives > 0) return 'failed_again'
    if (supersededOrigins.has(originOf(found))) return 'failed_later'
    if (!force && partial.has(found.code) && now - found.origin.timestamp > claimsLiveMs) return 'claims_gone'
    return null
  }
  const byOrigin = new Map<string, FoundDeadLetter>()
  for (const found of selected) {
    const reason = reasonToSkip(found)
    if (reason) {
      skipped[reason]++
      continue
    }
    if (!byOrigin.has(originOf(found))) byOrigin.set(originOf(found), found)
  }
  const ofOrigin = Map.groupBy(all, originOf)
  const send = Array.from(
    byOrigin,
    ([origin, found]): Redriven => ({ found, together: ofOrigin.get(origin) ?? [found] }),
  )
  return { send, skipped }
}
