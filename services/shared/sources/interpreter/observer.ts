/**
 * Whoever wants to know what a mapping looks at (`signals mappings check`) compiles it with an observer; without one nothing
 * of this costs anything.
 */
import type { IgnoredReason, MessageEvent } from '../../model/message-event.ts'
import type { DocumentPosition } from './language/problem.ts'

export type Became =
  | { readonly became: 'event'; readonly event: MessageEvent }
  | { readonly became: 'ignored'; readonly reason: IgnoredReason }
  | { readonly became: 'failed'; readonly reason: string }

export interface Observer {
  /** A key of an object or a list was looked at. */
  read(holder: object, key: string): void
  /** The text last read turned out to hold this. */
  unwrapped(value: unknown): void
  /** From here to `leave`, rules speak of this element of a list. */
  enter(list: readonly unknown[], index: number): void
  leave(): void
  /** A rule has settled the item. `place` is the rule's in the document. */
  took(rule: string, place: DocumentPosition, result: Became): void
}
