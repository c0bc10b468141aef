/**
 * Conversations that were forgotten on request. Their messages are dropped and their signals withheld, for as long as the mark is in
 * `suppressions.v1`. A mark is a keyed hash of the conversation's pseudonym: it recognises the conversation and cannot be turned back.
 */
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { Pseudonym, Suppression } from '../model/topic-values.ts'

/** The drop reason of messages. */
export const suppressed = 'suppressed'

/** Key of `suppressions.v1`, and header of a conversation's signals. */
export const markOf = (conversation: Pseudonym, keyring: Pick<Keyring, 'recordKey'>): string =>
  keyring.recordKey('suppressed', conversation)

/** What stages ask. */
export interface SuppressionCheck {
  has(conversation: Pseudonym): boolean
  hasMark(mark: string | undefined): boolean
}

export class Suppressions implements SuppressionCheck {
  readonly #marks = new Set<string>()
  readonly #keyring: Pick<Keyring, 'recordKey'>

  constructor(keyring: Pick<Keyring, 'recordKey'>) {
    this.#keyring = keyring
  }

  /** Takes over a record of `suppressions.v1`; null lifts the mark. */
  apply(mark: string, record: Suppression | null): void {
    if (record === null) this.#marks.delete(mark)
    else this.#marks.add(mark)
  }

  /** Most installations have no mark, and a hash for each message would be work for nothing. */
  readonly has = (conversation: Pseudonym): boolean =>
    this.#marks.size > 0 && this.#marks.has(markOf(conversation, this.#keyring))

  hasMark(mark: string | undefined): boolean {
    return mark !== undefined && this.#marks.has(mark)
  }
}

/** For tools that know no marks. */
export const noSuppressions: SuppressionCheck = { has: () => false, hasMark: () => false }
