/** The gateway's OpenAPI document (3.1), served at `/openapi.json`. Schemas of events are drawn from the schemas that judge them. */
import { type JsonSchema, messageEventJsonSchema } from '../../shared/model/message-event-json-schema.ts'
import { lookUpPath, lookUpSchemas } from '../look-up/openapi.ts'
import { maxPostedEvents } from '../message-events.ts'
import { common, jsonOf, problem, ref } from './openapi-parts.ts'

const plain = (description: string) => ({ description, content: { 'text/plain': { schema: { type: 'string' } } } })

const source = {
  name: 'source',
  in: 'path',
  required: true,
  description: 'a source of this pipeline or of `SIGNALS_MAPPINGS_DIR`',
  schema: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}$' },
}
const account = {
  name: 'account',
  in: 'path',
  required: true,
  description: "the business's account; needed where the body does not name it",
  schema: { type: 'string', minLength: 1, maxLength: 256 },
}

const webhook = (parameters: readonly JsonSchema[], suffix: string) => ({
  parameters,
  post: {
    operationId: `postWebhook${suffix}`,
    summary: "Takes a delivery in the source's own format",
    description:
      "Proof is the source's own: a signature, or a shared secret in `x-signals-key` or `?key=`. Kafka has the delivery once the answer is 200.",
    requestBody: { required: true, content: { '*/*': { schema: {} } } },
    responses: {
      '200': { description: 'stored, or of an account without a connection, of which nothing is kept' },
      '400': problem('the body contradicts the account of the address, or is nested too deeply'),
      '401': problem('signature or secret missing or wrong, for every account of the delivery'),
      '404': problem('unknown source'),
      '413': problem('the body is too large'),
      '415': problem('not a content type that the source uses'),
      ...common,
    },
  },
  get: {
    operationId: `handshake${suffix}`,
    summary: "The source's subscription handshake",
    responses: {
      '200': plain('the answer that the source expects'),
      '400': plain('a parameter of the handshake is missing'),
      '403': plain('the verify token is wrong'),
      '404': problem('unknown source'),
      ...common,
    },
  },
})

const itemResults = {
  type: 'object',
  required: ['stored', 'results'],
  properties: {
    stored: { type: 'integer', minimum: 0, description: 'events that Kafka has' },
    results: { type: 'array', description: 'one for each event, in order', items: ref('ItemResult') },
  },
}

const messageEvents = {
  post: {
    operationId: 'postMessageEvents',
    summary: 'Takes one message event, or a list',
    description: `At most ${maxPostedEvents} events. If one is invalid, none is stored; an event of an account without a connection is not stored, its neighbours are.`,
    security: [{ bearer: [] }],
    requestBody: {
      required: true,
      content: jsonOf({
        oneOf: [
          ref('MessageEvent'),
          { type: 'array', minItems: 1, maxItems: maxPostedEvents, items: ref('MessageEvent') },
        ],
      }),
    },
    responses: {
      '200': { description: 'stored, but for what `results` names', content: jsonOf(ref('ItemResults')) },
      '400': problem('the body is not JSON, or holds no event or too many'),
      '401': problem('the token is missing, unknown or revoked'),
      '403': problem('the token lacks the scope `ingest`'),
      '413': problem('the body is too large'),
      '415': problem('send application/json'),
      '422': {
        description: 'nothing was stored: an event is invalid, or no account has a connection',
        content: jsonOf(ref('ItemResults')),
      },
      ...common,
    },
  },
}

/** Of the addresses, not of the pipeline: they are only ever added to. */
const version = '1.0.0'

export const gatewayOpenApi = (): JsonSchema => ({
  openapi: '3.1.0',
  info: {
    title: 'Messaging Signals: gateway',
    version,
    description:
      'Where connectors and messaging platforms hand over what was said. Times are milliseconds since the Unix epoch.',
  },
  paths: {
    '/v1/message-events': messageEvents,
    '/v1/attribution/look-up': lookUpPath,
    '/webhooks/{source}': webhook([source], ''),
    '/webhooks/{source}/{account}': webhook([source, account], 'OfAccount'),
    '/readyz': {
      get: {
        operationId: 'ready',
        summary: 'Whether the gateway takes deliveries',
        responses: {
          '200': { description: 'it does', content: jsonOf(ref('Readiness')) },
          '503': { description: 'it does not yet, or no more', content: jsonOf(ref('Readiness')) },
        },
      },
    },
    '/openapi.json': {
      get: {
        operationId: 'openApi',
        summary: 'This document',
        responses: { '200': { description: 'OpenAPI 3.1', content: jsonOf({ type: 'object' }) } },
      },
    },
  },
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'made by `signals tokens create`, or INGEST_TOKEN' },
    },
    schemas: {
      MessageEvent: messageEventJsonSchema(),
      ItemResults: itemResults,
      ...lookUpSchemas,
      ItemResult: {
        type: 'object',
        required: ['status'],
        properties: {
          status: { enum: ['stored', 'invalid', 'not_stored'] },
          problems: {
            type: 'array',
            items: {
              type: 'object',
              required: ['field', 'problem'],
              properties: { field: { type: 'string' }, problem: { type: 'string' } },
            },
          },
        },
      },
      Readiness: { type: 'object', required: ['ready'], properties: { ready: { type: 'boolean' } } },
      Problem: {
        type: 'object',
        required: ['error'],
        properties: {
          error: {
            type: 'object',
            required: ['code', 'message'],
            properties: {
              code: { type: 'string', description: 'stable, for programs' },
              message: { type: 'string', description: 'names the remedy, for people' },
            },
          },
        },
      },
    },
  },
})
