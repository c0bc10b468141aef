/** The OpenAPI document (3.1) of `/admin/v1/`: addresses, methods and roles from `endpoints`, bodies from the schemas that judge them. */
import { z } from 'zod'
import { roles } from '../../services/control/access/authenticator.ts'
import { type Endpoint, endpoints, maxAuditEntries } from '../../services/control/admin/handlers.ts'
import { connectionDraftSchema } from '../../services/shared/connections/connection-file.ts'
import { connectionStatuses } from '../../services/shared/model/connection-record.ts'
import type { JsonSchema } from '../../services/shared/model/message-event-json-schema.ts'
import { personLimits } from '../../services/tools/persons/person.ts'
import { describedOfActions, schemasOfActions } from './action-endpoints.ts'
import { describedOfConsole, schemasOfConsole } from './console-endpoints.ts'
import { schemasOfInsight } from './insight-schemas.ts'
import { type Described, list, nullable, object, ref, text, time } from './schema-parts.ts'

const draft = (): JsonSchema => {
  const { $schema, ...drawn } = z.toJSONSchema(connectionDraftSchema, { io: 'input', unrepresentable: 'any' })
  const properties = drawn.properties as Record<string, JsonSchema>
  const description = 'which fields an entry needs: docs/attribution.md; the answer 422 names what is wrong'
  return { ...drawn, properties: { ...properties, extractors: { ...properties.extractors, description } } }
}

const person = {
  ...object(
    Object.fromEntries(
      Object.entries(personLimits).map(([name, maxLength]) => [
        name,
        { ...text, minLength: 1, maxLength, ...(name === 'source' ? { pattern: '^[a-z][a-z0-9-]{0,31}$' } : {}) },
      ]),
    ),
  ),
  additionalProperties: false,
}

const operation = (summary: string): Described => ({
  summary,
  answers: { 200: ref('Connection') },
  problems: [404, 409],
})

/** By action, as the audit trail names it; of a path with several actions in its id, by path. */
const described: Readonly<Record<string, Described>> = {
  ...describedOfConsole,
  ...describedOfActions,
  'connections.list': { summary: 'All connections that the bearer may see', answers: { 200: list(ref('Connection')) } },
  'connections.add': {
    summary: 'Adds or replaces a connection',
    body: ref('ConnectionDraft'),
    answers: { 200: ref('Connection'), 201: ref('Connection') },
    problems: [409, 422, 502],
  },
  'connections.show': {
    summary: 'A connection, without secrets',
    answers: { 200: ref('Connection') },
    problems: [404],
  },
  'connections.history': {
    summary: 'Who changed the connection, and when; oldest first',
    answers: { 200: list(ref('ConnectionChange')) },
    problems: [404],
  },
  'connections.activity': {
    summary: 'When it last received and reported something, and its share of starts with a tracking ID',
    answers: { 200: ref('ConnectionActivity') },
    problems: [404],
  },
  'connections.pause': operation('Holds its signals back; messages are taken on'),
  'connections.resume': operation('Sends again what a pause held back'),
  'connections.retry': operation('Has waiting signals tried again at once, without waiting out their delay'),
  'connections.disconnect': operation('Ends the consent and erases its keys; cannot be undone'),
  'authorisations.begin': {
    summary: 'Makes an address at which an advertiser or an account owner agrees',
    body: {
      type: 'object',
      properties: {
        kind: { enum: ['advertiser', 'account'], default: 'advertiser' },
        connectionId: { ...text, description: 'of an existing connection' },
        connection: { ...ref('ConnectionDraft'), description: 'a new one' },
      },
      oneOf: [{ required: ['connectionId'] }, { required: ['connection'] }],
    },
    answers: { 201: object({ id: text, url: text, expiresAt: time }) },
    problems: [404, 409, 422],
  },
  'authorisations.show': {
    summary: 'What became of an authorisation',
    answers: {
      200: {
        oneOf: [
          object({ status: { const: 'pending' } }),
          object({ status: { const: 'done' }, connectionId: text }),
          object({ status: { const: 'failed' }, message: text }),
        ],
      },
    },
    problems: [404, 409],
  },
  'persons/forget': {
    summary: 'Forgets a person: nothing of them is reported any more, and their state is erased',
    body: ref('Person'),
    answers: { 200: { type: 'object' } },
    problems: [404],
  },
  'persons/export': {
    summary: 'What is stored of a person',
    body: ref('Person'),
    answers: { 200: { type: 'object' } },
    problems: [404],
  },
  report: {
    summary: 'Per day and connection: conversations, keywords, outcomes, and what became of each signal',
    query: {
      from: { ...text, description: 'a day in UTC, at most 30 days back; needed', examples: ['2026-11-23'] },
      to: { ...text, description: 'the last day, in UTC; needed', examples: ['2026-11-23'] },
      connection: { ...text, description: 'one connection; default: all that the bearer may see' },
      tenant: { ...text, description: 'the connections of one tenant' },
    },
    answers: { 200: list(ref('ReportRow')) },
    problems: [404],
  },
  explain: {
    summary: 'What was decided about a conversation, and why; without words unless showText asks for them',
    body: ref('ExplainRequest'),
    answers: { 200: ref('Explanation') },
    problems: [404],
  },
  'audit.list': {
    summary: 'The newest entries of the audit trail, oldest first',
    query: {
      actor: text,
      action: { ...text, description: 'or its first part, such as `keywords`' },
      target: text,
      limit: { type: 'integer', minimum: 1, maximum: maxAuditEntries, default: 100 },
    },
    answers: { 200: list(ref('AuditEntry')) },
  },
  'login_links.make': {
    summary: 'A link that logs one browser in, once; with a bearer token only',
    body: { type: 'object', properties: { role: { enum: [...roles], description: "default: the bearer's" } } },
    answers: { 201: object({ url: text, expiresAt: time }) },
  },
}

const json = (schema: JsonSchema) => ({ 'application/json': { schema } })

const problems: Readonly<Record<number, string>> = {
  400: 'the request is malformed; the message names the field',
  401: 'token or session missing, unknown or expired',
  403: 'the role does not suffice, or what is asked is of another tenant',
  404: 'no such thing, or it is of another tenant',
  409: 'its present state does not allow it',
  413: 'the body is too large',
  421: 'the host name is not one of the console',
  422: 'a field is wrong; the message names it and the remedy',
  429: 'too many wrong tokens came from this address, or other work of this kind is under way',
  502: 'TikTok refused, or does not answer',
  503: 'Kafka or Redis is away; try again',
}
const ofEvery = [400, 401, 403, 413, 421, 429, 503]

const idTexts: Readonly<Record<string, string>> = {
  connections: 'the connectionId',
  'keyword-lists': 'the listId',
  'rule-sets': 'the ruleSetId',
  topics: 'its name, without KAFKA_TOPIC_PREFIX',
  replays: 'the id of the run',
  runbooks: 'its file name in docs/, without `.md`',
}
const idOf = (path: string) => ({
  ...{ name: 'id', in: 'path', required: true },
  schema: text,
  description: idTexts[path.split('/')[0] ?? ''] ?? 'as `POST` gave it',
})
const note = { name: 'X-Actor', in: 'header', schema: { ...text, pattern: '^[ -~]{1,64}$' } }

const drawEndpoint = (path: string, method: string, { role, action }: Endpoint, name: string): JsonSchema => {
  const entry = described[name]
  if (!entry) throw new Error(`${method} ${path} (${name}) is not described in infra/api-documents/admin.ts`)
  const { summary, body, query = {}, answers, problems: own = [] } = entry
  const parameters = [
    ...(path.includes('ID') ? [idOf(path)] : []),
    ...Object.entries(query).map(([parameter, schema]) => ({ name: parameter, in: 'query', schema })),
    { ...note, description: 'a note in the audit trail' },
  ]
  const refused = [...new Set([...ofEvery, ...own])].sort((a, b) => a - b)
  return {
    operationId: name.replace(/[./_]+(\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary,
    description: `Needs the role ${role}. In the audit trail: \`${action}\`.`,
    security: [{ bearer: [] }],
    parameters,
    ...(body ? { requestBody: { required: name !== 'login_links.make', content: json(body) } } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, schema]) => [status, { description: 'done', content: json(schema) }]),
      ),
      ...Object.fromEntries(
        refused.map((status) => [status, { description: problems[status], content: json(ref('Problem')) }]),
      ),
    },
  }
}

/** `persons/ID` is two addresses. */
const addressesOf = (path: string): readonly string[] =>
  path === 'persons/ID' ? ['persons/forget', 'persons/export'] : [path]

const paths = (): JsonSchema =>
  Object.fromEntries(
    Object.entries(endpoints).flatMap(([path, methods]) =>
      addressesOf(path).map((address) => [
        `/admin/v1/${address.replace('ID', '{id}')}`,
        Object.fromEntries(
          Object.entries(methods).map(([method, endpoint]) => [
            method.toLowerCase(),
            drawEndpoint(address, method, endpoint, address === path ? endpoint.action : address),
          ]),
        ),
      ]),
    ),
  )

/** Of the addresses: they are only ever added to. */
const version = '1.0.0'

export const adminOpenApi = (): JsonSchema => ({
  openapi: '3.1.0',
  info: {
    title: 'Messaging Signals: control plane',
    version,
    description:
      'The overview, connections, authorisation through TikTok, dead letters, persons, the audit trail. On the port of the console.',
  },
  paths: paths(),
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN, or made by `signals tokens create`' },
    },
    schemas: {
      ConnectionDraft: draft(),
      Connection: {
        ...object({
          connectionId: text,
          tenantId: text,
          source: text,
          accountId: text,
          advertiserId: text,
          eventSetId: text,
          authorisedAt: time,
          changedAt: time,
          status: { enum: [...connectionStatuses] },
          hasAccessToken: { type: 'boolean' },
          hasWebhookSecret: { type: 'boolean' },
          hasDataKey: { type: 'boolean' },
        }),
        description: 'the other fields as in ConnectionDraft, with their defaults; no secret',
      },
      ConnectionChange: object({
        connectionId: text,
        revision: { type: 'integer' },
        changeId: text,
        at: time,
        via: text,
        actor: text,
        action: text,
        from: nullable(text),
        to: text,
        code: nullable({ type: 'integer' }),
        detail: nullable(text),
      }),
      Person: person,
      ...schemasOfConsole,
      ...schemasOfInsight,
      ...schemasOfActions,
      AuditEntry: object({
        at: time,
        actor: text,
        via: { enum: ['cli', 'api', 'console'] },
        action: text,
        target: nullable(text),
        tenant: nullable(text),
        outcome: { enum: ['allowed', 'denied'] },
        note: nullable(text),
      }),
      Problem: object({ error: object({ code: text, message: text }) }),
    },
  },
})
