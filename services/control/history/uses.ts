/** What keyword lists and rule sets hit over time: by their active version, and by the shadow that is only counted beside it. */

export const useKinds = ['keyword-lists', 'rule-sets'] as const
export type UseKind = (typeof useKinds)[number]

/** Hits of the active version, and of a shadow. */
export type UsePair = readonly [raised: number, shadow: number]

/** By what was hit: a flag of a list; of a rule set what became of the rule (send, count_only, unless, count, off). */
export type UseCounts = Readonly<Record<string, UsePair>>

export interface UseHistory {
  /** ms */
  readonly stepMs: number
  /** Beginnings of steps, ms, ascending. */
  readonly at: readonly number[]
  /** Hits in each step; null: nothing is known of it. Of a rule set those that send or count an event. */
  readonly raised: readonly (number | null)[]
  readonly shadow: readonly (number | null)[]
  /** Over the whole time, most hits first. */
  readonly names: readonly { readonly name: string; readonly raised: number; readonly shadow: number }[]
}

const minuteMs = 60_000
/** Shorter steps are not kept. */
export const leastStepMs = 10 * minuteMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** Ten minutes, an hour or a day (UTC). */
export const stepOf = (from: number, to: number): number => {
  if (to - from <= dayMs / 2) return leastStepMs
  return to - from <= 3 * dayMs ? hourMs : dayMs
}

const firing: readonly string[] = ['send', 'count_only']
const isHit = (kind: UseKind, name: string) => kind === 'keyword-lists' || firing.includes(name)

/** @param found what is known of times from the first step to the last, ms. */
export const useHistoryOf = (
  kind: UseKind,
  found: readonly { readonly at: number; readonly counts: UseCounts }[],
  from: number,
  to: number,
): UseHistory => {
  const stepMs = stepOf(from, to)
  const first = Math.floor(from / stepMs) * stepMs
  const at = Array.from({ length: Math.max(0, Math.ceil((to - first) / stepMs)) }, (_, n) => first + n * stepMs)
  const known = new Map<number, [number, number]>()
  const names = new Map<string, [number, number]>()
  for (const { at: time, counts } of found) {
    const step = Math.floor(time / stepMs) * stepMs
    if (step < first || time >= to) continue
    const sums = known.get(step) ?? [0, 0]
    known.set(step, sums)
    for (const [name, [raised, shadow]] of Object.entries(counts)) {
      const own = names.get(name) ?? [0, 0]
      names.set(name, [own[0] + raised, own[1] + shadow])
      if (!isHit(kind, name)) continue
      sums[0] += raised
      sums[1] += shadow
    }
  }
  return {
    ...{ stepMs, at },
    raised: at.map((time) => known.get(time)?.[0] ?? null),
    shadow: at.map((time) => known.get(time)?.[1] ?? null),
    names: Array.from(names, ([name, [raised, shadow]]) => ({ name, raised, shadow })).sort(
      (a, b) => b.raised + b.shadow - a.raised - a.shadow,
    ),
  }
}
