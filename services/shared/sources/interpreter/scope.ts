/**
 * Names of the mapping language. They are resolved once, when a mapping is compiled: a delivery is then read from a frame with
 * a place for each name, overwritten item by item, and nothing is looked up or allocated on the way.
 */

import { MappingProblem } from './language/problem.ts'
import type { Observer } from './observer.ts'

/** What the names stand for while a delivery is mapped. */
export type Frame = unknown[]
export type Read = (frame: Frame) => unknown

const roots = ['body', 'headers', 'delivery'] as const

/** The names that an element of the document can use. */
export class Scope {
  readonly #slots: ReadonlyMap<string, number>
  /** Shared by all scopes of one mapping. */
  readonly #frame: { size: number }
  readonly observer: Observer | undefined

  private constructor(slots: ReadonlyMap<string, number>, frame: { size: number }, observer: Observer | undefined) {
    this.#slots = slots
    this.#frame = frame
    this.observer = observer
  }

  static root(observer?: Observer): Scope {
    return new Scope(new Map(roots.map((name, slot) => [name, slot])), { size: roots.length }, observer)
  }

  /** The same names and one more, which hides an outer one of that name. */
  with(name: string): { readonly scope: Scope; readonly slot: number } {
    const slot = this.#frame.size++
    return { scope: new Scope(new Map([...this.#slots, [name, slot]]), this.#frame, this.observer), slot }
  }

  /** @throws MappingProblem */
  slotOf(name: string): number {
    const slot = this.#slots.get(name)
    if (slot === undefined) {
      const names = [...this.#slots.keys()].join(', ')
      throw new MappingProblem(`nothing is called ${name} here; there are: ${names}`)
    }
    return slot
  }

  /** Once everything is compiled: what one delivery is read into. */
  frame(body: unknown, headers: unknown, delivery: unknown): Frame {
    const frame: Frame = new Array(this.#frame.size).fill(undefined)
    frame[0] = body
    frame[1] = headers
    frame[2] = delivery
    return frame
  }
}

/** Own keys only: a body cannot reach into prototypes. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

/** Keys that plain objects and lists have without anybody having sent them. */
const inherited = (key: string) => key in Object.prototype || key in Array.prototype

/** Follows one key. What nothing inherits can be read without asking whose it is: bodies are plain objects and lists. */
const compileKey = (key: string, observer: Observer | undefined): ((value: unknown) => unknown) => {
  if (observer) {
    return (value) => {
      if (typeof value === 'object' && value !== null && Object.hasOwn(value, key)) observer.read(value, key)
      return member(value, key)
    }
  }
  if (inherited(key)) return (value) => member(value, key)
  return (value) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined)
}

const steps = /\["([^"]+)"\]|[^.[]+/g

const namesIn = (path: string): [string, ...string[]] =>
  [...path.matchAll(steps)].map(([plain, bracketed]) => bracketed ?? plain) as [string, ...string[]]

/** `text.body` from a value at hand. */
export const compileKeys = (path: string, { observer }: Scope): ((value: unknown) => unknown) => {
  const reads = namesIn(path).map((key) => compileKey(key, observer))
  return (value) => {
    let found = value
    for (const read of reads) found = read(found)
    return found
  }
}

/** `message.text.body` or `metadata["#wa.timestamp"]` → a function. @throws MappingProblem for a name that is not in scope */
export const compilePath = (path: string, scope: Scope): Read => {
  const [name, ...keys] = namesIn(path)
  const slot = scope.slotOf(name)
  const reads = keys.map((key) => compileKey(key, scope.observer))
  const [first, second, third] = reads
  if (!first) return (frame) => frame[slot]
  if (!second) return (frame) => first(frame[slot])
  if (!third) return (frame) => second(first(frame[slot]))
  return (frame) => {
    let value = frame[slot]
    for (const read of reads) value = read(value)
    return value
  }
}

/** Absent: missing, null or the empty string. */
export const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''
