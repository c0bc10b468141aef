/** Whose words count: a connection's keywords are matched in texts of the origins and directions that it names. */
import { type ConnectionRecord, defaultKeywordOrigins } from '../shared/model/connection-record.ts'
import type { Message } from '../shared/model/topic-values.ts'

type TextFacts = Pick<Message, 'kind' | 'direction' | 'textOrigin' | 'hasText'>
type WordChoice = Pick<ConnectionRecord, 'keywordOrigins' | 'keywordDirections'>

/** Whether the connection matches keywords in this message. Edits and deletions never count as keyword use. */
export const isMatched = (
  { kind, direction, textOrigin, hasText }: TextFacts,
  { keywordOrigins, keywordDirections }: WordChoice,
): boolean =>
  hasText &&
  kind === 'message' &&
  textOrigin !== null &&
  keywordOrigins.includes(textOrigin) &&
  keywordDirections.includes(direction)

/** Whether texts of the origin count where a connection names no origins of its own. */
export const isOwnOrigin = (origin: string): boolean => (defaultKeywordOrigins as readonly string[]).includes(origin)
