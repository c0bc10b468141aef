/** Records what a mapping reads in one delivery, and the result of each rule, by path in the body. */

import type { DocumentPosition } from './interpreter/language/problem.ts'
import type { Observer, RuleResult } from './interpreter/observer.ts'

export interface TraceStep {
  /** `body.entry[0].changes[0]`: the innermost list element that the rule applied to, else `body`. */
  readonly item: string
  readonly rule: string
  /** The rule's position in the document. */
  readonly position: DocumentPosition
  readonly result: RuleResult
}

const plain = /^[\w-]+$/
const join = (holder: string, key: string, isList: boolean) => {
  if (isList) return `${holder}[${key}]`
  return plain.test(key) ? `${holder}.${key}` : `${holder}["${key}"]`
}

export class Trace implements Observer {
  readonly steps: TraceStep[] = []
  readonly #paths = new Map<object, string>()
  readonly #leaves = new Set<string>()
  readonly #read = new Set<string>()
  readonly #items: string[] = []
  #last = 'body'

  read(holder: object, key: string) {
    const path = this.#paths.get(holder)
    // The mapping computed this value itself.
    if (path === undefined) return
    this.#last = join(path, key, Array.isArray(holder))
    this.#read.add(this.#last)
  }

  /** Without recursion, because a sample may be nested to any depth. */
  parsed(value: unknown) {
    const stack: [unknown, string][] = [[value, this.#last]]
    for (let next = stack.pop(); next; next = stack.pop()) {
      const [part, path] = next
      if (typeof part !== 'object' || part === null) {
        if (part !== value) this.#leaves.add(path)
        continue
      }
      this.#paths.set(part, path)
      for (const [key, inner] of Object.entries(part)) stack.push([inner, join(path, key, Array.isArray(part))])
    }
  }

  enter(list: readonly unknown[], index: number) {
    this.read(list, String(index))
    this.#items.push(join(this.#paths.get(list) ?? 'list', String(index), true))
  }

  leave() {
    this.#items.pop()
  }

  applied(rule: string, position: DocumentPosition, result: RuleResult) {
    this.steps.push({ item: this.#items.at(-1) ?? 'body', rule, position, result })
  }

  /** Paths with unread values, elements of lists merged: `of` counts all values of the path, `left` the unread ones. */
  unread(): { readonly path: string; readonly left: number; readonly of: number }[] {
    const counts = new Map<string, { left: number; of: number }>()
    for (const leaf of this.#leaves) {
      const path = leaf.replace(/\[\d+\]/g, '[]')
      const count = counts.get(path) ?? { left: 0, of: 0 }
      count.of++
      if (!this.#read.has(leaf)) count.left++
      counts.set(path, count)
    }
    return [...counts]
      .filter(([, { left }]) => left > 0)
      .map(([path, count]) => ({ path, ...count }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
  }
}
