/** The look-up in the gateway's OpenAPI document. */
import type { JsonSchema } from '../../shared/model/message-event-json-schema.ts'
import { common, jsonOf, problem, ref, retryAfter } from '../http/openapi-parts.ts'

const text = (maxLength: number, description: string) => ({ type: 'string', minLength: 1, maxLength, description })
const time = (description: string) => ({ type: 'integer', description: `${description}, ms` })
const orNull = (schema: JsonSchema) => ({ ...schema, type: [schema.type, 'null'] })

export const lookUpPath = {
  post: {
    operationId: 'lookUpAttribution',
    summary: 'What a conversation is credited with: where the person came from, and the tracking ID',
    description:
      "As of the conversation's last event. Seconds pass between an event's acceptance and its place here. Ids go in the body, since one may be a phone number.",
    security: [{ bearer: [] }],
    requestBody: { required: true, content: jsonOf(ref('LookUp')) },
    responses: {
      '200': { description: 'the conversation', content: jsonOf(ref('LookUpAnswer')) },
      '400': problem('the body is not JSON, or a field is missing, unknown or invalid'),
      '401': problem('the token is missing, unknown or revoked'),
      '403': problem('the token lacks the scope `look-up`'),
      '404': problem(
        'no such conversation; the same for an account without a connection, and for one that the token is not for',
      ),
      '413': problem('the body is too large'),
      '415': problem('send application/json'),
      '501': problem('this gateway answers no look-ups: `GATEWAY_LOOK_UP` is off'),
      ...common,
      '429': problem(
        'more look-ups than `GATEWAY_LOOK_UP_RPS`, or too many wrong tokens from this address',
        retryAfter,
      ),
      '500': problem('ask again'),
      '503': problem("attribution's state cannot be read at the moment, or a rate is reached: ask again", retryAfter),
    },
  },
}

export const lookUpSchemas = {
  LookUp: {
    type: 'object',
    required: ['source', 'accountId', 'conversationId'],
    additionalProperties: false,
    properties: {
      source: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}$' },
      accountId: text(256, "the business's account, as the source names it"),
      conversationId: text(512, "as in the conversation's message events"),
    },
  },
  LookUpAnswer: {
    type: 'object',
    required: ['conversation'],
    properties: {
      conversation: {
        type: 'object',
        required: ['startedAt', 'origin', 'trackingId', 'adId', 'touchedAt'],
        properties: {
          startedAt: time('when it started, or started again the last time'),
          origin: { enum: ['tiktok_ad', 'tiktok_link', 'meta_ad', 'link', 'other', 'none'] },
          trackingId: orNull({ type: 'string', description: 'of the touch that counts' }),
          adId: orNull({ type: 'string', description: 'of the referral that gives the origin' }),
          touchedAt: orNull(time('when the touch that counts happened; without a tracking ID, when the person came')),
        },
      },
    },
  },
}
