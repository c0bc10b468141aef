/**
 * Names and paths of the mapping language. The compiler resolves each name to a slot of a frame. A delivery is mapped in one frame
 * whose slots are overwritten item by item, without look-ups by name or allocations.
 */

import { MappingProblem } from './language/problem.ts'
import type { Observer } from './observer.ts'

/** The value of each name while a delivery is mapped, by slot. */
export type Frame = unknown[]
export type Read = (frame: Frame) => unknown

const roots = ['body', 'headers', 'delivery'] as const

/** The names that are visible to an element of the document. */
export class Scope {
  readonly #slots: ReadonlyMap<string, number>
  /** Shared by all scopes of one mapping. */
  readonly #frame: { size: number }
  readonly observer: Observer | undefined
  /** Paths to 0 and "0" are absent. */
  readonly zeroIsAbsent: boolean

  private constructor(
    slots: ReadonlyMap<string, number>,
    frame: { size: number },
    observer: Observer | undefined,
    zeroIsAbsent: boolean,
  ) {
    this.#slots = slots
    this.#frame = frame
    this.observer = observer
    this.zeroIsAbsent = zeroIsAbsent
  }

  static root(observer?: Observer, zeroIsAbsent = false): Scope {
    return new Scope(new Map(roots.map((name, slot) => [name, slot])), { size: roots.length }, observer, zeroIsAbsent)
  }

  /** A scope with one more name, which hides an outer one of the same name. */
  with(name: string): { readonly scope: Scope; readonly slot: number } {
    const slot = this.#frame.size++
    return {
      scope: new Scope(new Map([...this.#slots, [name, slot]]), this.#frame, this.observer, this.zeroIsAbsent),
      slot,
    }
  }

  /** @throws MappingProblem */
  slotOf(name: string): number {
    const slot = this.#slots.get(name)
    if (slot === undefined) {
      const names = [...this.#slots.keys()].join(', ')
      throw new MappingProblem(`the name ${name} is not in scope; in scope are: ${names}`)
    }
    return slot
  }

  /** The frame of one delivery. Call it only after the whole mapping is compiled: until then its size grows. */
  frame(body: unknown, headers: unknown, delivery: unknown): Frame {
    const frame: Frame = new Array(this.#frame.size).fill(undefined)
    frame[0] = body
    frame[1] = headers
    frame[2] = delivery
    return frame
  }
}

/** Reads own keys only, so that a body cannot reach prototypes. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

/** Keys that every object or list inherits, so that reading them needs an ownership check. */
const inherited = (key: string) => key in Object.prototype || key in Array.prototype

/** Follows one key. Without the check for own keys where it cannot matter: bodies are plain objects and lists. */
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

/** The name and the keys of a path, or the keys of a path inside a value. */
export const keysIn = (path: string): [string, ...string[]] =>
  [...path.matchAll(steps)].map(([plain, bracketed]) => bracketed ?? plain) as [string, ...string[]]

/** Compiles a path inside a value, such as `text.body`. */
export const compileKeys = (path: string, { observer }: Scope): ((value: unknown) => unknown) => {
  const reads = keysIn(path).map((key) => compileKey(key, observer))
  return (value) => {
    let found = value
    for (const read of reads) found = read(found)
    return found
  }
}

/** Compiles `message.text.body` or `metadata["#wa.timestamp"]`. @throws MappingProblem for a name that is not in scope */
export const compilePath = (path: string, scope: Scope): Read => {
  return withoutZero(compileRead(path, scope), scope)
}

/** Reads 0 and "0" as absent where the document says so. */
export const withoutZero = <From>(
  read: (from: From) => unknown,
  { zeroIsAbsent }: Scope,
): ((from: From) => unknown) => {
  if (!zeroIsAbsent) return read
  return (from) => {
    const value = read(from)
    return value === 0 || value === '0' ? undefined : value
  }
}

const compileRead = (path: string, scope: Scope): Read => {
  const [name, ...keys] = keysIn(path)
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
