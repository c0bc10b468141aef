/** `signals attribution test`: which tracking ID a conversation's events are credited with; needs no running pipeline. */

import type { Command } from 'commander'
import { z } from 'zod'
import { creditOf } from '../../../attribution/credit.ts'
import { extractorsSchema } from '../../../shared/connections/connection-file.ts'
import { eventProblemsOf, messageEventSchema } from '../../../shared/model/message-event.ts'
import { plainIssue } from '../../../shared/text/plain-issue.ts'
import { answerBatch, answered, type BatchItem, BatchItemInvalid } from '../../batch/answer-lines.ts'
import { UsageError } from '../../exit.ts'
import { print, printJson, readInput } from '../../output.ts'

const itemSchema = z.object({ extractors: extractorsSchema, events: z.array(messageEventSchema).min(1) })

const credited = (item: BatchItem) => {
  const result = itemSchema.safeParse(item, { error: plainIssue })
  if (result.success) return creditOf(result.data.events, result.data.extractors ?? null)
  throw new BatchItemInvalid(
    eventProblemsOf(result.error)
      .map(({ field, problem }) => `${field}: ${problem}`)
      .join('; '),
  )
}

interface Options {
  batch?: boolean
  json?: boolean
}

const test = async ({ batch, json }: Options) => {
  if (batch) return answerBatch(credited)
  const answer = answered(await readInput(), credited)
  if ('error' in answer) throw new UsageError(`standard input: ${answer.error}`)
  const { trackingId, why } = answer as ReturnType<typeof creditOf>
  if (json) printJson({ trackingId, why })
  else print(`${trackingId ?? 'no tracking ID'}: ${why}`)
}

export const register = (program: Command) => {
  program
    .command('attribution')
    .description('which tracking ID a conversation is credited with')
    .command('test')
    .description(
      'read one conversation as a JSON object {extractors?, events: [message events]} on standard input; the tracking ID of its last event, and why',
    )
    .option('--batch', 'JSON lines {id, extractors?, events} in, {id, trackingId, why} or {id, error} out')
    .option('--json', 'one JSON value')
    .action(test)
}
