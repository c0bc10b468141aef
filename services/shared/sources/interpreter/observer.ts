/**
 * Observes what a compiled mapping reads and returns, for `signals mappings check`. A mapping compiled without an observer contains
 * no calls to it, so observation costs production nothing.
 */
import type { IgnoredReason, MessageEvent } from '../../model/message-event.ts'
import type { DocumentPosition } from './language/problem.ts'

export type RuleResult =
  | { readonly became: 'event'; readonly event: MessageEvent }
  | { readonly became: 'ignored'; readonly reason: IgnoredReason }
  | { readonly became: 'failed'; readonly reason: string }

export interface Observer {
  /** The mapping read a key of an object or list. */
  read(holder: object, key: string): void
  /** The text that was read last was parsed to this value. */
  parsed(value: unknown): void
  /** Until `leave`, rules apply to this element of a list. */
  enter(list: readonly unknown[], index: number): void
  leave(): void
  /** A rule applied to the current item. @param position of the rule in the document */
  applied(rule: string, position: DocumentPosition, result: RuleResult): void
}
