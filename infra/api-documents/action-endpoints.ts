/** Descriptions of what the console does with dead letters, replays and versions. Bodies come from the schemas that judge them. */
import { z } from 'zod'
import { evaluateSchema, importSchema } from '../../services/control/admin/actions/imports.ts'
import { discardSchema, redriveSchema } from '../../services/control/admin/actions/redrives.ts'
import { replaySchema } from '../../services/control/admin/actions/replays.ts'
import { testCodeSchema, testEventSchema } from '../../services/control/admin/actions/test-events.ts'
import { knownVerdicts } from '../../services/dispatch/destinations/destination.ts'
import type { JsonSchema } from '../../services/shared/model/message-event-json-schema.ts'
import { count, counts, type Described, flag, list, nullable, number, object, ref, text, time } from './schema-parts.ts'

const drawn = (schema: z.ZodType): JsonSchema => {
  const { $schema: _, ...body } = z.toJSONSchema(schema, { io: 'input' })
  return body as JsonSchema
}

const dryRun = object({
  selected: count,
  records: { ...count, description: 'that would go back' },
  skipped: { ...counts, description: 'by reason' },
  tried: {
    ...counts,
    description: 'by what a trial on the present mappings says: passes, unknown, key_erased, or a code',
  },
})

const topicFacts = {
  ...{ name: text, holds: text, key: text, cleanup: text, holdsSecrets: flag, schema: nullable(text) },
  retentionMs: { ...nullable(number), description: 'null: for ever' },
  schemaVersions: count,
}

export const schemasOfActions: Readonly<Record<string, JsonSchema>> = {
  SentTestEvent: object({
    ...{ connectionId: text, eventSetId: text, eventId: text, testEventCode: text, sentAt: time },
    verdict: { enum: [...knownVerdicts], description: 'accepted: the event set takes what the connection sends' },
    code: { ...nullable({ type: 'integer' }), description: "TikTok's; null: it did not answer in its form" },
    ...{ requestId: nullable(text), reason: text },
  }),
  Topic: object({
    ...topicFacts,
    ...{ partitions: count, records: { ...count, description: 'offsets that are kept' } },
    ...{ lag: nullable(count), lagSeconds: nullable(number) },
  }),
  TopicDetail: object({
    ...topicFacts,
    offsets: list(
      object({
        ...{ partition: count, low: count, high: count, group: nullable(text) },
        ...{ lag: nullable(count), lagSeconds: nullable(number) },
      }),
    ),
    records: list(
      object({
        ...{ partition: count, offset: count, timestamp: time, hasKey: flag, bytes: nullable(count), sealed: flag },
        schemaVersion: nullable(count),
        headers: list(
          object({ name: text, value: { ...nullable(text), description: 'null: not one that names no person' } }),
        ),
      }),
    ),
  }),
  Access: object({
    masterKey: nullable(object({ keyId: text, since: time })),
    now: time,
    tokens: list(
      object({
        ...{ tokenId: text, name: text, tenantId: nullable(text) },
        accounts: nullable(list(object({ source: text, accountId: text }))),
        ...{ scopes: list(text), createdAt: time, createdBy: text },
        ...{ revokedAt: nullable(time), revokedBy: nullable(text) },
      }),
    ),
  }),
  RedriveDryRun: dryRun,
  RedriveJob: object({
    ...{ id: text, actor: text, stage: nullable(text), code: nullable(text), ids: list(text) },
    ...{ startedAt: time, endedAt: nullable(time), records: count, done: count },
    result: nullable(object({ redriven: count, failedAgain: count, pending: count, held: count, erased: count })),
    problem: nullable(text),
  }),
  ReplayJob: object({
    ...{ id: text, actor: text, kind: { enum: ['dry run', 'run'] }, request: { type: 'object' } },
    run: { ...nullable(text), description: 'its id in the list of replays' },
    ...{ startedAt: time, endedAt: nullable(time), phase: text, share: nullable(number) },
    plan: nullable(
      object({
        ...{ new: count, reported: count, records: count, messages: count, paused: count, expired: count },
        ...{ foundByNewerLists: nullable(count), foundByNewerRules: nullable(count) },
        rows: list(object({ connection: text, day: text, flag: text, new: count, reported: count })),
        note: nullable(text),
      }),
    ),
    ...{ ending: nullable(text), problem: nullable(text) },
  }),
  Import: object({
    problems: { ...list(text), description: 'by line; with one of them nothing is taken' },
    warnings: { ...list(text), description: 'what is valid and probably not meant' },
    isDoubt: { ...flag, description: 'the problem is a doubt that a person may put aside with `checked`' },
    version: nullable(number),
    written: flag,
    ...{ added: list({ type: 'object' }), removed: list({ type: 'object' }) },
    ...{ changed: list({ type: 'object' }), same: count },
  }),
}

const imported = (summary: string): Described => ({
  summary,
  body: drawn(importSchema),
  answers: { 200: ref('Import') },
  problems: [413, 422],
})
const activated = (summary: string, body: Record<string, JsonSchema>): Described => ({
  summary,
  body: object({ ...body, checked: { ...flag, default: false } }, ['checked']),
  answers: { 200: object({ id: text, version: number }) },
  problems: [404, 409],
})

export const describedOfActions: Readonly<Record<string, Described>> = {
  'connections.test_event': {
    summary: 'Sends one event for the test page of the event set; it counts nowhere',
    body: drawn(testEventSchema),
    answers: { 200: ref('SentTestEvent') },
    problems: [404, 409],
  },
  'connections.test_code': {
    summary: 'Has all events of the connection sent as tests, which count nowhere; null: they count again',
    body: drawn(testCodeSchema),
    answers: { 200: ref('Connection') },
    problems: [404, 409],
  },
  'topics.list': {
    summary: 'What lies in each topic, how long, and how far its group is; for callers of all tenants',
    answers: { 200: list(ref('Topic')) },
  },
  'topics.show': {
    summary: 'The partitions of a topic, and its last records without keys and content; for callers of all tenants',
    answers: { 200: ref('TopicDetail') },
    problems: [404],
  },
  'access.show': {
    summary: 'Tokens with what they may do, and since when the master key is active; for callers of all tenants',
    answers: { 200: ref('Access') },
  },
  'dead_letters.redrives': {
    summary: 'Redrives that were asked for through this process, newest first; for callers of all tenants',
    answers: { 200: list(ref('RedriveJob')) },
  },
  'dead_letters.redrive': {
    summary: 'Puts dead letters of a cause back, or says what that would do',
    body: drawn(redriveSchema),
    answers: { 200: ref('RedriveDryRun'), 201: ref('RedriveJob') },
    problems: [409],
  },
  'dead_letters.discard': {
    summary: 'Marks the open dead letters of a cause as discarded; they stay until they expire',
    body: drawn(discardSchema),
    answers: { 200: object({ discarded: count }) },
  },
  'replay.jobs': {
    summary: 'Dry runs and replays that were asked for through this process, newest first; for callers of all tenants',
    answers: { 200: list(ref('ReplayJob')) },
  },
  'replay.start': {
    summary: 'Decides a range of history again: a dry run, or a run that sends what is new',
    body: drawn(replaySchema),
    answers: { 201: ref('ReplayJob') },
    problems: [404, 409],
  },
  'replay.stop': {
    summary: 'Stops the replay or dry run that is under way in this process; a run can be resumed',
    answers: { 200: object({ stopping: flag }) },
    problems: [409],
  },
  'replay.resume': {
    summary: 'Goes on with a run that was stopped or interrupted',
    answers: { 201: ref('ReplayJob') },
    problems: [404, 409],
  },
  'replay.cancel': {
    summary: 'Ends a run; at most two seconds’ worth of signals are still sent',
    answers: { 200: object({ id: text }) },
    problems: [404, 409],
  },
  'keywords.import': imported(
    'Imports a version of a keyword list, or says what that would change; active at once only for the role admin',
  ),
  'keywords.evaluate': {
    summary: 'How often a version would fire over a file of messages, of which nothing is kept',
    body: drawn(evaluateSchema),
    answers: {
      200: object({
        ...{ version: number, messages: count, notLookedAt: count, firing: count, share: number },
        flags: list(object({ flag: text, messages: count, share: number })),
        rareFlags: list(object({ flag: text, conversations: count })),
        keywords: list(
          object({ keyword: text, flag: text, messages: count, asWord: count, asChat: count, asSubstring: count }),
        ),
      }),
    },
    problems: [404, 413, 422],
  },
  'rules.evaluate': {
    summary:
      'Which rules of a version would fire over a file of message events, and why others never do; nothing is kept',
    body: drawn(evaluateSchema),
    answers: {
      200: object({
        ...{ version: number, events: count },
        rules: list(
          object({ rule: count, event: text, fired: count, keptBack: counts, notHeld: count, why: nullable(text) }),
        ),
      }),
    },
    problems: [404, 413, 422],
  },
  'rules.import': imported('Imports a version of a rule set, or says what that would change'),
  'rules.promote': activated('Makes the shadow version of a rule set active, as a new version', {}),
  'rules.rollback': activated('Makes an earlier version of a rule set active, as a new version', {
    to: { type: 'integer', minimum: 1 },
  }),
}
