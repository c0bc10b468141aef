/** One person: a conversation of an account, by the source's own ids, and what follows from them. Pure. */
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { Pseudonym, Touches } from '../../shared/model/topic-values.ts'

/** The source's own ids. They may be a phone number: never logged, never stored. */
export interface PersonIds {
  readonly source: string
  readonly accountId: string
  readonly conversationId: string
}

/** An id is missing or malformed. The message names the field, never the value. */
export class PersonInvalid extends Error {
  override readonly name = 'PersonInvalid'
}

/** Characters at most. */
export const personLimits = { source: 32, accountId: 256, conversationId: 512 } as const

/** @throws PersonInvalid */
export const parsePerson = (input: unknown): PersonIds => {
  const given = (input ?? {}) as Record<string, unknown>
  const field = (name: keyof typeof personLimits): string => {
    const value = given[name]
    if (typeof value !== 'string' || value === '' || value.length > personLimits[name])
      throw new PersonInvalid(`${name}: must be the source's own id, 1 to ${personLimits[name]} characters`)
    return value
  }
  const person = { source: field('source'), accountId: field('accountId'), conversationId: field('conversationId') }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(personLimits, name))
  if (unknown !== undefined) throw new PersonInvalid('there are the fields source, accountId and conversationId only')
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(person.source))
    throw new PersonInvalid('source: must be the name of a source, such as whatsapp')
  return person
}

export const pseudonymOf = ({ source, accountId, conversationId }: PersonIds, keyring: Keyring): Pseudonym =>
  keyring.pseudonym('conversation', source, accountId, conversationId)

/** True for the state of the conversation under any of its ids: each record names the other ones. */
export const isOfPerson =
  (conversation: Pseudonym) =>
  (record: Pick<Touches, 'conversation'> & Partial<Pick<Touches, 'aliases'>>): boolean =>
    record.conversation === conversation || (record.aliases?.includes(conversation) ?? false)
