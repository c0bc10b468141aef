/** What a redrive would do with each dead letter that was selected. Pure. */
import { dedupWindowMs } from '../../ingest/identity.ts'
import { catalogueEntryOf, type FoundDeadLetter, originOf } from './found.ts'

export interface RedriveOptions {
  /** Also codes that no redrive can help, and items whose neighbours are no longer recognised as duplicates. */
  readonly force: boolean
  /** Also those that were put back before, or that failed again after it. */
  readonly again: boolean
}

export type RedriveSkipReason = 'never' | 'redriven' | 'failed_again' | 'failed_later' | 'claims_gone'

export const redriveSkipReasons: Readonly<Record<RedriveSkipReason, string>> = {
  never: 'the catalogue says that a redrive cannot help (--force all the same)',
  redriven: 'put back before (--again)',
  failed_again: 'a redrive has failed already: mend the cause first (--again)',
  failed_later: 'put back before, and failed again since: the later dead letter stands for it',
  claims_gone:
    'one item of a delivery that is older than its neighbours are remembered: they would count twice (--force)',
}

export interface Redriven {
  /** Put back once for all dead letters of one record. */
  readonly found: FoundDeadLetter
  /** All of them, also those that were not asked for: they go back with it. */
  readonly together: readonly FoundDeadLetter[]
}

export interface RedrivePlan {
  readonly send: readonly Redriven[]
  readonly skipped: Readonly<Record<RedriveSkipReason, number>>
}

/** Ingest drops a delivery's other items as duplicates while their claims live; one hour less leaves time for the redrive. */
const claimsLiveMs = dedupWindowMs - 3_600_000
/** Codes that speak of one item while the rest of its record went on. */
const partial: ReadonlySet<string> = new Set(['item_unmappable', 'too_large'])

/** Whether what was selected cannot be judged by itself: others of its records, or later failures of them, may be there. */
export const haveRelatives = (selected: readonly FoundDeadLetter[], { again }: RedriveOptions): boolean =>
  again || selected.some(({ code }) => partial.has(code))

/** Origins of what was put back and came back as another dead letter: only the last of such a line may go back, or it would fork. */
const failedSince = (all: readonly FoundDeadLetter[]): ReadonlySet<string> => {
  const byId = new Map(all.map((found) => [found.id, found]))
  const parents = all.map(({ redriveOf }) => (redriveOf === null ? undefined : byId.get(redriveOf)))
  return new Set(parents.flatMap((parent) => (parent ? [originOf(parent)] : [])))
}

/**
 * @param redriven ids of dead letters that were put back before
 * @param now ms
 */
export const planRedrive = (
  selected: readonly FoundDeadLetter[],
  redriven: ReadonlySet<string>,
  now: number,
  { force, again }: RedriveOptions,
  /** All that there are, where what was selected has relatives. */
  all: readonly FoundDeadLetter[] = selected,
): RedrivePlan => {
  const skipped: Record<RedriveSkipReason, number> = {
    never: 0,
    redriven: 0,
    failed_again: 0,
    failed_later: 0,
    claims_gone: 0,
  }
  const lapsed = failedSince(all)
  const reasonToSkip = (found: FoundDeadLetter): RedriveSkipReason | null => {
    if (!force && catalogueEntryOf(found.code).redrive === 'never') return 'never'
    if (!again && redriven.has(found.id)) return 'redriven'
    if (!again && found.redrives > 0) return 'failed_again'
    if (lapsed.has(originOf(found))) return 'failed_later'
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
