/** What a mapping looked at in one delivery, and what each rule made of it: told by place in the body. */

import type { DocumentPosition } from './interpreter/language/problem.ts'
import type { Became, Observer } from './interpreter/observer.ts'

export interface TraceStep {
  /** `body.entry[0].changes[0]`; the innermost element of a list that the rule spoke of, else `body`. */
  readonly item: string
  readonly rule: string
  /** Of the rule, in the document. */
  readonly place: DocumentPosition
  readonly result: Became
}

const plain = /^[\w-]+$/
const join = (holder: string, key: string, isList: boolean) => {
  if (isList) return `${holder}[${key}]`
  return plain.test(key) ? `${holder}.${key}` : `${holder}["${key}"]`
}

export class Trace implements Observer {
  readonly steps: TraceStep[] = []
  readonly #places = new Map<object, string>()
  readonly #leaves = new Set<string>()
  readonly #read = new Set<string>()
  readonly #items: string[] = []
  #last = 'body'

  read(holder: object, key: string) {
    const place = this.#places.get(holder)
    // A value that the mapping has put together itself.
    if (place === undefined) return
    this.#last = join(place, key, Array.isArray(holder))
    this.#read.add(this.#last)
  }

  /** Without recursion: a sample may be nested as deep as it likes. */
  unwrapped(value: unknown) {
    const waiting: [unknown, string][] = [[value, this.#last]]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [part, place] = next
      if (typeof part !== 'object' || part === null) {
        if (part !== value) this.#leaves.add(place)
        continue
      }
      this.#places.set(part, place)
      for (const [key, inner] of Object.entries(part)) waiting.push([inner, join(place, key, Array.isArray(part))])
    }
  }

  enter(list: readonly unknown[], index: number) {
    this.read(list, String(index))
    this.#items.push(join(this.#places.get(list) ?? 'list', String(index), true))
  }

  leave() {
    this.#items.pop()
  }

  took(rule: string, place: DocumentPosition, result: Became) {
    this.steps.push({ item: this.#items.at(-1) ?? 'body', rule, place, result })
  }

  /** Paths that nothing has looked at, elements of lists taken together: how many there are, how many were left. */
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
