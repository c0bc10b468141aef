/** Descriptions of the addresses that the console is drawn from. */
import { connectionSorts, maxPageSize } from '../../services/control/admin/connection-search.ts'
import { deadLetterStates } from '../../services/control/dead-letters/dead-letter-index.ts'
import { processNames } from '../../services/runtime/health/heartbeats.ts'
import { connectionStatuses } from '../../services/shared/model/connection-record.ts'
import type { JsonSchema } from '../../services/shared/model/message-event-json-schema.ts'
import { consumerStages, stageNames } from '../../services/topology.ts'
import {
  counts,
  type Described,
  flag,
  list,
  nullable,
  number,
  object,
  pageOf,
  pageQuery,
  ref,
  text,
  time,
} from './schema-parts.ts'

const severities = ['page', 'warning', 'notice']

export const schemasOfConsole: Readonly<Record<string, JsonSchema>> = {
  ProblemGroup: {
    ...object(
      {
        id: text,
        severity: { enum: severities },
        text,
        runbook: nullable(text),
        remedy: text,
        since: { ...nullable(time), description: 'when control first saw it; null: it has just begun to look' },
        effects: list(text),
      },
      ['remedy'],
    ),
    description: 'a problem with what follows from it',
  },
  Process: {
    ...object({
      stage: { enum: [...processNames] },
      address: { ...text, description: 'URL of its metrics' },
      state: {
        ...text,
        description: '`unreachable`: it is down; `out-of-reach`: it runs, and control does not reach it',
      },
      reason: nullable(text),
      healthy: flag,
      oldestUnprocessedSeconds: nullable(number),
      instance: { ...nullable(text), description: 'null, as what follows: it does not announce itself' },
      ...{ host: nullable(text), pid: nullable({ type: 'integer' }), version: nullable(text), since: nullable(time) },
      partitions: {
        ...nullable({ type: 'object', additionalProperties: list({ type: 'integer' }) }),
        description: 'assigned to it, by topic',
      },
      silentSeconds: { ...nullable(number), description: 'for how long it has not been heard of' },
    }),
    description: 'a process of the pipeline, as it answers and as it announces itself; for callers of all tenants',
  },
  StageOverview: object({
    stage: { enum: [...stageNames] },
    instances: { type: 'integer', description: '0: none is known' },
    processes: list(ref('Process')),
    state: text,
    reason: nullable(text),
    healthy: flag,
    oldestUnprocessedSeconds: nullable(number),
    messages: nullable(number),
    seconds: nullable(number),
    trendPerSecond: nullable(number),
    catchUpSeconds: nullable(number),
    perSecond: nullable(number),
    errorShare: nullable(number),
  }),
  Delivery: {
    type: 'object',
    required: ['connectionId', 'kind', 'outcome', 'settledAt'],
    properties: {
      ...{ connectionId: text, kind: text, outcome: text, settledAt: time },
      code: nullable({ type: 'integer' }),
      event: nullable(text),
      flags: nullable(list(text)),
      hasTrackingId: nullable(flag),
      test: { ...flag, description: 'sent as a test: it counts nowhere' },
    },
    description: 'what became of a signal: deliveries.v1',
  },
  RefusedDeliveries: {
    ...object({
      ...{ source: text, connectionId: nullable(text), accountId: nullable(text), code: text },
      ...{ count: { type: 'integer' }, since: time, at: time },
    }),
    description: 'what the gateway refused for one reason within a day; `accountId` is as the refused sender names it',
  },
  Overview: object({
    at: time,
    kafkaAt: { ...nullable(time), description: 'while Kafka is away, lag and dead letters are as of this time' },
    level: { enum: [...severities, 'good'] },
    problems: list(ref('ProblemGroup')),
    stages: list(ref('StageOverview')),
    control: list(ref('Process')),
    groups: list(object({ topic: text, group: text, stage: text, lane: text, messages: number, seconds: number })),
    dependencies: { type: 'object', additionalProperties: flag },
    redis: nullable(object({ keys: number, bytes: number, limitBytes: number })),
    disk: nullable(object({ freeBytes: number, sizeBytes: number })),
    quarantined: { type: 'integer' },
    breakers: object({ open: number, oldest: list(object({ connectionId: text, cause: text, seconds: number })) }),
    openDeadLetters: { type: 'integer' },
    activity: object({ minutes: number, refused: counts, dropped: counts, deadLettered: counts }),
    connections: object({ total: { type: 'integer' }, byStatus: counts }),
    deliveries: list(ref('Delivery')),
    unconnected: list(object({ source: text, accountId: text, seenBy: text, at: time }, ['seenBy'])),
    refused: list(ref('RefusedDeliveries')),
    history: ref('History'),
  }),
  History: object({
    at: list(time),
    stages: {
      type: 'object',
      additionalProperties: object({ perSecond: list(nullable(number)), ageSeconds: list(nullable(number)) }),
    },
  }),
  UseHistory: object({
    stepMs: { ...number, description: 'ten minutes, an hour or a day (UTC)' },
    at: { ...list(time), description: 'beginnings of steps' },
    raised: { ...list(nullable(number)), description: 'hits of active versions in each step; null: not known' },
    shadow: { ...list(nullable(number)), description: 'hits that were only counted' },
    names: {
      ...list(object({ name: text, raised: number, shadow: number })),
      description: 'over the whole time, by flag; of a rule set by what became of the rule',
    },
  }),
  Version: object({
    ...{ id: text, version: number, size: { ...number, description: 'keywords or rules' }, createdAt: time },
    ...{ author: nullable(text), copyOf: nullable(number), shadow: flag },
    state: { enum: ['active', 'shadow', 'earlier'] },
  }),
  KeywordEntry: object({
    ...{ keyword: text, flag: text, locale: nullable(text), match: text, fold: text, addresses: text },
    unless: list(text),
  }),
  SignalRule: { type: 'object', required: ['event', 'report'], properties: { event: text, report: text } },
  Replay: object({
    ...{ id: text, state: text, createdAt: time, updatedAt: time },
    request: { type: 'object', description: 'as `signals replays show` gives it' },
    counts,
  }),
  DeadLetterCause: object({
    ...{ stage: text, code: text, open: number, putBack: number, failedAgain: number, first: time, last: time },
    ...{ resolved: number, discarded: number },
    perDay: { ...list(number), description: 'of the last 14 days (UTC), the last one is today' },
    redrive: text,
    help: text,
  }),
  DeadLetter: object({
    ...{ id: text, stage: text, code: text, state: { enum: [...deadLetterStates] } },
    reason: { ...text, description: 'names fields and rules, never values' },
    items: list({ type: 'object' }),
    attempt: number,
    failedAt: time,
    origin: object({ topic: text, partition: number, offset: number, timestamp: time }),
    originId: text,
    traceparent: nullable(text),
    redrives: number,
    redriveOf: nullable(text),
    keyId: text,
    sealedBytes: number,
    redrive: text,
    help: text,
  }),
}

const spanQuery = {
  from: { ...time, description: 'ms; by default a day before `to`' },
  to: { ...time, description: 'ms; by default now' },
}
const version = { type: 'integer', minimum: 1 }
const versionQuery = { from: version, to: version }
const checkedFlag = { ...flag, default: false, description: 'a person has checked a list that looks like a dictionary' }
const comparison = (name: string, more: Record<string, JsonSchema> = {}) =>
  object({
    ...{ versions: list(ref('Version')), from: nullable(number), to: number },
    ...{ added: list(ref(name)), removed: list(ref(name)) },
    changed: list(object({ before: ref(name), after: ref(name) })),
    same: number,
    ...more,
  })

export const describedOfConsole: Readonly<Record<string, Described>> = {
  'overview.show': {
    summary: 'What runs, how fast, and every problem once, under its root cause',
    answers: { 200: ref('Overview') },
  },
  'connections.search': {
    summary: 'A page of the connections that the bearer may see',
    query: {
      text: { ...text, description: 'in the id, tenant, account or advertiser, in any case' },
      status: { enum: [...connectionStatuses] },
      source: text,
      sort: {
        enum: [...connectionSorts],
        default: 'attention',
        description: 'attention: those that need a person first',
      },
      descending: { ...flag, default: false },
      ...pageQuery(50, maxPageSize),
    },
    answers: { 200: pageOf(ref('Connection'), { byStatus: counts, bySource: counts }) },
  },
  'connections.deliveries': {
    summary: 'The last deliveries of a connection, newest first, as far as this process has seen them',
    answers: { 200: list(ref('Delivery')) },
    problems: [404],
  },
  'runbooks.show': {
    summary: 'A runbook or an operators’ page, in Markdown',
    answers: { 200: object({ name: text, text }) },
    problems: [404],
  },
  'keywords.list': {
    summary: 'All versions of keyword lists, newest first; for callers of all tenants',
    answers: { 200: list(ref('Version')) },
  },
  'keywords.show': {
    summary:
      'The versions of a list, and what differs between two of them; by default the newest and the one before it',
    query: versionQuery,
    answers: { 200: comparison('KeywordEntry') },
    problems: [404],
  },
  'keywords.uses': {
    summary: 'What the active version of a list and its shadow hit over up to seven days, by default a day',
    query: spanQuery,
    answers: { 200: ref('UseHistory') },
    problems: [404, 502],
  },
  'keywords.try': {
    summary: 'What a text raises by the active version of a list; nothing of the text is kept',
    body: object({ text: { ...text, maxLength: 16_384 } }),
    answers: {
      200: object({
        ...{ version: number, flags: list(text) },
        matches: list(object({ keyword: text, flag: text, match: text })),
        nearMisses: list(object({ keyword: text, flag: text, reason: text })),
      }),
    },
    problems: [404],
  },
  'keywords.promote': {
    summary: 'Makes the shadow version active, as a new version',
    body: object({ checked: checkedFlag }, ['checked']),
    answers: { 200: object({ id: text, version: number }) },
    problems: [404, 409],
  },
  'keywords.rollback': {
    summary: 'Makes an earlier version active, as a new version',
    body: object({ to: { type: 'integer', minimum: 1 }, checked: checkedFlag }, ['checked']),
    answers: { 200: object({ id: text, version: number }) },
    problems: [404, 409],
  },
  'rules.list': {
    summary: 'All versions of rule sets, newest first; for callers of all tenants',
    answers: { 200: list(ref('Version')) },
  },
  'rules.show': {
    summary: 'The versions of a rule set, and what differs between two of them',
    query: versionQuery,
    answers: { 200: comparison('SignalRule', { reordered: flag }) },
    problems: [404],
  },
  'rules.uses': {
    summary: 'What the active version of a rule set and its shadow hit over up to seven days, by default a day',
    query: spanQuery,
    answers: { 200: ref('UseHistory') },
    problems: [404, 502],
  },
  'overview.history': {
    summary: 'Rate and age of each stage over up to seven days, from Prometheus or as control kept them',
    query: {
      from: { ...time, description: 'ms; by default an hour before `to`' },
      to: { ...time, description: 'ms; by default now' },
    },
    answers: { 200: ref('History') },
    problems: [502],
  },
  'replays.list': {
    summary: 'Replays of the last 90 days, newest first; for callers of all tenants',
    answers: { 200: list(ref('Replay')) },
  },
  'dead_letters.causes': {
    summary: 'Dead letters by stage and code, most open ones first; for callers of all tenants',
    answers: { 200: list(ref('DeadLetterCause')) },
  },
  'dead_letters.list': {
    summary: 'A page of dead letters, latest first, without the sealed records; for callers of all tenants',
    query: {
      stage: { enum: [...consumerStages] },
      code: text,
      state: { enum: [...deadLetterStates] },
      ...pageQuery(50, 200),
    },
    answers: { 200: pageOf(ref('DeadLetter')) },
  },
}
