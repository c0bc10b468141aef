/** What lists find, as figures: which list, which flag, raised or only counted. Never what was written, nor by whom. */
import type { Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import type { Clock } from '../runtime/ports.ts'
import type { KeywordUse } from './stage.ts'

/** Lists and flags are the operator's: few, but nothing else bounds them. */
const maxCombinations = 500
const logEveryMs = 60_000

export interface CountTools {
  readonly metrics: Pick<Metrics, 'count'>
  readonly log: Pick<Logger, 'info'>
  readonly clock: Pick<Clock, 'now'>
}

/** @returns counts a batch's uses in the metrics, and tells the log of shadow lists about once a minute */
export const keywordCounts = ({ metrics, log, clock }: CountTools) => {
  const known = new Set<string>()
  let shadows = new Map<string, Record<string, number>>()
  let loggedAt = clock.now()

  const labelsOf = ({ listId, flag, mode }: KeywordUse) => {
    const combination = `${listId} ${flag} ${mode}`
    if (known.size < maxCombinations) known.add(combination)
    return known.has(combination) ? { list: listId, flag, mode } : { list: 'other', flag: 'other', mode }
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
    for (const [list, flags] of shadows) log.info({ list, flags }, 'shadow keyword list would have raised')
    shadows = new Map()
    loggedAt = clock.now()
  }
}
