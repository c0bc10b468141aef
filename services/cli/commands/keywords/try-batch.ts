/** `signals keywords test --batch`: the flags that lists raise in texts; needs no running pipeline. */
import { KeywordListInvalid, listEntries } from '../../../keywords/lists/list.ts'
import { compileKeywords } from '../../../keywords/matching/matcher.ts'
import { isMatched } from '../../../keywords/own-words.ts'
import { defaultKeywordOrigins } from '../../../shared/model/connection-record.ts'
import { type TextOrigin, textOrigins } from '../../../shared/model/message-event.ts'
import { answerBatch, type BatchItem, BatchItemInvalid } from '../../batch/answer-lines.ts'

const originOf = (origin: unknown): TextOrigin => {
  if (origin === undefined || origin === null) return 'typed'
  const known = textOrigins.find((one) => one === origin)
  if (known === undefined) throw new BatchItemInvalid(`origin must be one of ${textOrigins.join(', ')}`)
  return known
}

const entriesOf = (list: unknown) => {
  if (!Array.isArray(list)) throw new BatchItemInvalid('list must be an array of entries {keyword, flag, …}')
  try {
    return listEntries(list, { fold: 'exact', addresses: 'skip' })
  } catch (error) {
    if (error instanceof KeywordListInvalid) throw new BatchItemInvalid(error.message)
    throw error
  }
}

const defaults = { keywordOrigins: defaultKeywordOrigins, keywordDirections: ['inbound'] } as const

const flagsOf = ({ list, text, origin }: BatchItem) => {
  if (typeof text !== 'string') throw new BatchItemInvalid('text must be a string')
  const facts = { kind: 'message', direction: 'inbound', hasText: text !== '', textOrigin: originOf(origin) } as const
  const matcher = compileKeywords(entriesOf(list))
  return { flags: isMatched(facts, defaults) ? matcher.flags(text) : [] }
}

export const testBatch = (): Promise<void> => answerBatch(flagsOf)
