/** Groups problems by what brings them along, so that a stopped Kafka is one problem and not six. Pure. */
import type { SystemProblem } from '../problems.ts'

export interface ProblemGroup extends Omit<SystemProblem, 'broughtBy'> {
  /** When this process first saw it, ms; null: it has just begun to look. */
  readonly since: number | null
  /** What follows from it, worst first. */
  readonly effects: readonly string[]
}

const weight = { page: 0, warning: 1, notice: 2 } as const
const severest = (problems: readonly SystemProblem[]) =>
  problems.toSorted((a, b) => weight[a.severity] - weight[b.severity])

/** The problem at the beginning of the chain; of a chain that leads back to itself, the first by id. */
const rootOf = (problem: SystemProblem, byId: ReadonlyMap<string, SystemProblem>): SystemProblem => {
  const seen = new Set([problem.id])
  let root = problem
  for (;;) {
    const cause = root.broughtBy.find((id) => byId.has(id) && !seen.has(id))
    if (cause === undefined) {
      const isCircle = root.broughtBy.some((id) => id !== root.id && seen.has(id))
      return isCircle ? (byId.get([...seen].sort()[0] as string) as SystemProblem) : root
    }
    seen.add(cause)
    root = byId.get(cause) as SystemProblem
  }
}

/**
 * Each problem once: under its root cause, as one of its effects, or on its own. Worst first; a group is as severe as its worst part.
 * @param sinceOf when a problem was first seen, ms
 */
export const groupProblems = (
  problems: readonly SystemProblem[],
  sinceOf: (id: string) => number | null,
): readonly ProblemGroup[] => {
  const byId = new Map(problems.map((problem) => [problem.id, problem]))
  const groups = Map.groupBy(problems, (problem) => rootOf(problem, byId))
  const drawn = Array.from(groups, ([{ broughtBy: _, ...root }, members]): ProblemGroup => {
    const effects = severest(members.filter(({ id }) => id !== root.id))
    const severity = severest(members)[0]?.severity ?? root.severity
    return { ...root, severity, since: sinceOf(root.id), effects: effects.map(({ text }) => text) }
  })
  return drawn.sort((a, b) => weight[a.severity] - weight[b.severity])
}

/** When each present problem was first seen. A problem that ends and comes back is a new one. */
export class FirstSeen {
  #times = new Map<string, number>()

  /** @param now ms */
  update(problems: readonly { readonly id: string }[], now: number): void {
    this.#times = new Map(problems.map(({ id }) => [id, this.#times.get(id) ?? now]))
  }

  readonly of = (id: string): number | null => this.#times.get(id) ?? null
}
