/** What is wrong with the events of a connector, each kind once: how often it was seen, and where first. */

export interface ConnectorProblem {
  /** `error`: something is lost; `warning`: something may be. */
  readonly verdict: 'error' | 'warning'
  readonly what: string
  readonly remedy: string
  readonly count: number
  /** Place of the first: a line, or `topic/partition/offset`. */
  readonly first: string
}

export class ConnectorProblems {
  readonly #byWhat = new Map<string, ConnectorProblem>()

  add(verdict: ConnectorProblem['verdict'], what: string, remedy: string, first: string) {
    const known = this.#byWhat.get(what)
    this.#byWhat.set(what, known ? { ...known, count: known.count + 1 } : { verdict, what, remedy, count: 1, first })
  }

  /** Errors first, then by how often. */
  list(): readonly ConnectorProblem[] {
    const rank = ({ verdict, count }: ConnectorProblem) => (verdict === 'error' ? 1 : 0) * 1e12 + count
    return [...this.#byWhat.values()].sort((a, b) => rank(b) - rank(a))
  }
}
