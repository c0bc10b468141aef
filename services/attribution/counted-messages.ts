/** How many inbound messages of a conversation get a number: as many as any rule set in force asks about. */
import type { RuleSetRecord } from '../shared/model/rules/rule-set.ts'

interface Asked {
  readonly version: number
  readonly upTo: number
}

const upToOf = ({ rules }: RuleSetRecord): number =>
  Math.max(0, ...rules.flatMap(({ when, unless }) => [when.inboundMessages ?? 0, unless?.inboundMessages ?? 0]))

export class CountedMessages {
  /** By set, its highest version; a shadow version counts beside the active one. */
  readonly #asked = new Map<string, Asked>()
  #upTo = 0

  apply(record: RuleSetRecord): void {
    const key = `${record.shadow ? 'shadow ' : ''}${record.ruleSetId}`
    if ((this.#asked.get(key)?.version ?? 0) > record.version) return
    this.#asked.set(key, { version: record.version, upTo: upToOf(record) })
    this.#upTo = Math.max(...[...this.#asked.values()].map(({ upTo }) => upTo))
  }

  /** 0: no rule asks. */
  get upTo(): number {
    return this.#upTo
  }
}
