/** Gives each connection its turn, unless its advertiser is in trouble, and knows what is still under way. */
import type { Due } from './group.ts'
import type { Lane } from './troubles.ts'
import { type Report, Turn, type TurnTools } from './turn.ts'

export class Sender {
  readonly #tools: TurnTools
  readonly #underWay = new Set<Promise<void>>()

  constructor(tools: TurnTools) {
    this.#tools = tools
  }

  /**
   * Resolves when every signal of the group is reported.
   * @throws DependencyError when an answer could not be noted (Redis) or a reconnect not be published (Kafka)
   */
  async send(connectionId: string, group: readonly Due[], lane: Lane, report: Report): Promise<void> {
    const held = this.#tools.troubles.held(connectionId, lane, this.#tools.now())
    if (held) {
      for (const due of group) report(due, { kind: 'held', delay: held, reason: 'advertiser_in_trouble' })
      return
    }
    const turn = new Turn(this.#tools, connectionId, group, lane, report)
    const ended = turn.done.then(
      () => {},
      // Whoever still waits hears it by `enough`; after a detach the unwritten marks go with the next write.
      () => {},
    )
    this.#underWay.add(ended)
    void ended.finally(() => this.#underWay.delete(ended))
    await turn.enough
  }

  /** Resolves when no call is under way: before the clients close. */
  async drained(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }
}
