/** The body of a look-up, and the conversation's answer. Pure. */
import { z } from 'zod'
import type { ConversationCredit } from '../../shared/conversations/credit-of-conversation.ts'
import { HttpProblem } from '../http/answers.ts'

/** As of a message event, which names the conversation. */
const id = (length: number) => z.string().min(1).max(length)
const schema = z.strictObject({
  source: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be the name of a source, such as whatsapp'),
  accountId: id(256),
  conversationId: id(512),
})
export type LookUpRequest = z.output<typeof schema>

/** Three ids with what escapes them in JSON. */
export const maxLookUpBytes = 8_192

const textOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'unrecognized_keys') return 'send source, accountId and conversationId only'
  const field = issue.path.join('.') || 'the body'
  if (issue.code === 'too_big') return `${field} must have at most ${issue.maximum} characters`
  if (issue.code === 'invalid_format') return `${field} ${issue.message}`
  return field === 'the body' ? 'send an object with source, accountId and conversationId' : `${field} must be a text`
}

/** @throws HttpProblem 400 naming the field; it quotes nothing of the body */
export const parseLookUp = (body: Buffer): LookUpRequest => {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw new HttpProblem(400, 'not_json', 'the body must be JSON: source, accountId and conversationId')
  }
  const { data, error } = schema.safeParse(value)
  if (data) return data
  throw new HttpProblem(400, 'invalid', error.issues.map(textOf).join('; '))
}

/** The same for an account without a connection, an account of others, and a conversation that attribution does not know. */
export const unknownConversation = (): HttpProblem =>
  new HttpProblem(404, 'unknown_conversation', 'no conversation of these ids is known for this token')

export interface LookUpAnswer {
  readonly conversation: ConversationCredit
}
