/** Counts keyword hits by list, flag and mode. Neither texts nor persons appear in metrics or log. */
import type { Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Clock } from '../runtime/ports.ts'
import type { KeywordUse } from './stage.ts'

/** Bounds the label combinations: operators choose lists and flags, and nothing else limits them. */
const maxCombinations = 500
const logEveryMs = 60_000

export interface CountTools {
  readonly metrics: Pick<Metrics, 'count'>
  readonly log: Pick<Logger, 'info'>
  readonly clock: Pick<Clock, 'now'>
}

/** @returns a function that counts a batch's hits, and logs the figures of shadow lists at most once a minute */
export const keywordCounts = ({ metrics, log, clock }: CountTools) => {
  const combinations = new Set<string>()
  let shadows = new Map<string, Record<string, number>>()
  let loggedAt = clock.now()

  const labelsOf = ({ listId, flag, mode }: KeywordUse) => {
    const combination = `${listId} ${flag} ${mode}`
    if (combinations.size < maxCombinations) combinations.add(combination)
    return combinations.has(combination) ? { list: listId, flag, mode } : { list: 'other', flag: 'other', mode }
  }

  return (uses: readonly KeywordUse[]): void => {
    for (const use of uses) {
      metrics.count('signals_keyword_uses_total', labelsOf(use))
      if (use.mode !== 'shadow') continue
      const list = `${use.listId}@${use.version}`
      const flags = shadows.get(list) ?? {}
      flags[use.flag] = (flags[use.flag] ?? 0) + 1
      shadows.set(list, flags)
    }
    if (shadows.size === 0 || clock.now() - loggedAt < logEveryMs) return
    for (const [list, flags] of shadows) log.info({ list, flags }, 'shadow keyword list would have emitted')
    shadows = new Map()
    loggedAt = clock.now()
  }
}
