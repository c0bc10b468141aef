/** What fired and what was known in one conversation, with names in the clear: for tools that have the events at hand. */
import type { Evaluated } from './evaluate-rules.ts'
import type { RuleMemory } from './facts.ts'

const keyOf = (event: string, window: string) => `${event} ${window}`

export class ConversationMemory implements RuleMemory {
  readonly #fired = new Set<string>()
  readonly #since = new Map<string, number>()

  hasFired(event: string, window: string): boolean {
    return this.#fired.has(keyOf(event, window))
  }

  knownSince(fact: string): number | undefined {
    return this.#since.get(fact)
  }

  /** @param occurredAt of the message event that was evaluated, ms */
  note({ fired, facts }: Evaluated, occurredAt: number): void {
    for (const { event, window } of fired) this.#fired.add(keyOf(event, window))
    for (const fact of facts) this.#since.set(fact, Math.min(this.#since.get(fact) ?? Infinity, occurredAt))
  }
}
