/** Commands that answer many questions in one run: a JSON line in, a JSON line out, in the same order. */
import { splitLines } from '../../shared/text/split-lines.ts'
import { printJson } from '../output.ts'

/** A question of one batch, unchecked. */
export type BatchItem = Readonly<Record<string, unknown>>

/** The question cannot be answered. The message names what is wrong and never quotes a text. */
export class BatchItemInvalid extends Error {
  override readonly name = 'BatchItemInvalid'
}

const itemIn = (line: string): BatchItem | null => {
  try {
    const item: unknown = JSON.parse(line)
    return typeof item === 'object' && item !== null && !Array.isArray(item) ? (item as BatchItem) : null
  } catch {
    return null
  }
}

/** @throws what `answer` throws, except BatchItemInvalid */
export const answered = (line: string, answer: (item: BatchItem) => object): object => {
  const item = itemIn(line)
  if (item === null) return { id: null, error: 'the line is not a JSON object' }
  const id = item.id ?? null
  try {
    return { id, ...answer(item) }
  } catch (error) {
    if (error instanceof BatchItemInvalid) return { id, error: error.message }
    throw error
  }
}

/** Answers standard input line by line. An invalid question is an answer with `error`, and the rest goes on. */
export const answerBatch = async (answer: (item: BatchItem) => object): Promise<void> => {
  for await (const line of splitLines(process.stdin.setEncoding('utf8')))
    if (line.trim() !== '') printJson(answered(line, answer))
}
