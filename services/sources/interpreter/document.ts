/**
 * The mapping language: a document that says how one source's webhook bodies become message events. Every element is data; the
 * interpreter knows no source. docs/sources/mapping-language.md explains it by example.
 */
import { z } from 'zod'
import {
  attachmentKinds,
  channels,
  directions,
  ignoredReasons,
  kinds,
  referralSources,
  senders,
  textOrigins,
} from '../../model/message-event.ts'

/** `message.text.body`: a name in scope, then keys; `headers.x-org`, `delivery.account` and `body` are always in scope. */
const path = z.string().regex(/^[A-Za-z_][\w-]*(\.[#\w-]+)*$/, 'must be a path such as "message.text.body"')

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])

export type Test =
  | { readonly equals: string | number | boolean | null }
  | { readonly in: readonly (string | number | boolean)[] }
  | { readonly prefix: string }
  | { readonly exists: boolean }
  | { readonly is: 'object' | 'list' | 'string' }
  | { readonly same: Value }
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | ({ readonly value: Value } & Test)

export type Value =
  | string
  | { readonly const: string | number | boolean | null }
  | { readonly first: readonly Value[] }
  | { readonly template: string }
  | {
      readonly of: Value
      readonly map: Readonly<Record<string, string>>
      readonly otherwise?: string | null | undefined
    }
  | { readonly of: Value; readonly stripPrefix: string }
  | { readonly of: Value; readonly before: string }
  | { readonly of: Value; readonly query: string }
  | {
      readonly cases: readonly { readonly when: Condition; readonly is: Value }[]
      readonly otherwise?: Value | undefined
    }
  | { readonly hash: readonly Value[] }

export const valueSchema: z.ZodType<Value> = z.lazy(() =>
  z.union([
    path,
    z.strictObject({ const: scalar }),
    z.strictObject({ first: z.array(valueSchema).min(1) }),
    z.strictObject({ template: z.string() }),
    z.strictObject({
      of: valueSchema,
      map: z.record(z.string(), z.string()),
      otherwise: z.string().nullable().optional(),
    }),
    z.strictObject({ of: valueSchema, stripPrefix: z.string().min(1) }),
    z.strictObject({ of: valueSchema, before: z.string().min(1) }),
    z.strictObject({ of: valueSchema, query: z.string().min(1) }),
    z.strictObject({
      cases: z.array(z.strictObject({ when: conditionSchema, is: valueSchema })).min(1),
      otherwise: valueSchema.optional(),
    }),
    z.strictObject({ hash: z.array(valueSchema).min(1) }),
  ]),
)

const tests = {
  equals: scalar.optional(),
  in: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
  prefix: z.string().optional(),
  exists: z.boolean().optional(),
  is: z.enum(['object', 'list', 'string']).optional(),
  same: z.lazy(() => valueSchema).optional(),
}
export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    z.strictObject({ all: z.array(conditionSchema).min(1) }),
    z.strictObject({ any: z.array(conditionSchema).min(1) }),
    z.strictObject({ not: conditionSchema }),
    z
      .strictObject({ value: valueSchema, ...tests })
      .refine(
        (condition) => Object.keys(condition).length === 2,
        'needs exactly one test: equals, in, prefix, exists, is or same',
      ),
  ]),
) as z.ZodType<Condition>

/** A constant of the contract, or a value that yields one. */
const oneOf = <T extends string>(names: readonly T[]) =>
  z.union([
    z.enum(names),
    valueSchema.refine((value) => typeof value !== 'string', `must be one of ${names.join(', ')}, or a value`),
  ])

export const timeUnits = ['s', 'ms', 'us', 'ns', 'iso', 'iso-utc', 'auto'] as const
export type TimeUnit = (typeof timeUnits)[number]

const eventSchema = z.strictObject({
  /** Without it the item is failed: it has nobody to belong to. */
  requires: z.array(valueSchema).default([]),
  accountId: valueSchema,
  channel: oneOf(channels),
  conversationId: valueSchema,
  messageId: valueSchema,
  /** Stable parts of an item that has no id of its own. */
  derivedFrom: z.array(valueSchema).default([]),
  kind: oneOf(kinds),
  direction: oneOf(directions),
  sender: oneOf(senders),
  time: z
    .array(
      z.strictObject({
        of: valueSchema,
        unit: z.enum(timeUnits),
        source: z.enum(['event', 'delivery']).default('event'),
      }),
    )
    .min(1),
  /** First hit. */
  text: z
    .array(
      z.strictObject({
        of: valueSchema,
        origin: oneOf(textOrigins),
        html: z.boolean().default(false),
        when: conditionSchema.optional(),
      }),
    )
    .default([]),
  links: z.array(valueSchema).default([]),
  attachments: z
    .array(
      z.union([
        z.strictObject({ const: z.enum(attachmentKinds), when: conditionSchema.optional() }),
        z.strictObject({
          of: valueSchema,
          map: z.record(z.string(), z.enum(attachmentKinds).nullable()),
          otherwise: z.enum(attachmentKinds).nullable().default('other'),
        }),
        z.strictObject({
          each: path,
          type: z.string(),
          map: z.record(z.string(), z.enum(attachmentKinds).nullable()),
          otherwise: z.enum(attachmentKinds).nullable().default('other'),
        }),
      ]),
    )
    .default([]),
  /** First whose condition holds. */
  referral: z
    .array(
      z.strictObject({
        when: conditionSchema,
        source: oneOf(referralSources),
        ref: valueSchema.optional(),
        adId: valueSchema.optional(),
        advertiserId: valueSchema.optional(),
        clickId: valueSchema.optional(),
        url: valueSchema.optional(),
      }),
    )
    .default([]),
  channelMessageId: valueSchema.optional(),
  revision: valueSchema.optional(),
  aliases: z.array(valueSchema).default([]),
  backfill: z.union([z.boolean(), conditionSchema]).default(false),
  /** A message with neither text, attachment nor referral is ignored as `empty`, unless this says that it counts. */
  keepEmpty: z.boolean().default(false),
})
export type EventRule = z.output<typeof eventSchema>

export interface Rule {
  readonly name?: string | undefined
  readonly when?: Condition | undefined
  /** Names for each element of a list (`entry: body.entry[]`) or for one value (`value: change.value`), in order. */
  readonly each?: Readonly<Record<string, string>> | undefined
  /** Names for values that are JSON in a string, or objects already. */
  readonly json?: Readonly<Record<string, string>> | undefined
  readonly ignore?: (typeof ignoredReasons)[number] | undefined
  readonly event?: EventRule | undefined
  readonly rules?: readonly Rule[] | undefined
  /** The first rule that applies ends the list; else all are tried. */
  readonly choose?: 'first' | 'all' | undefined
  /** Where no rule applied. */
  readonly otherwise?: (typeof ignoredReasons)[number] | undefined
}

const ruleSchema: z.ZodType<Rule> = z.lazy(() =>
  z
    .strictObject({
      name: z.string().optional(),
      when: conditionSchema.optional(),
      each: z
        .record(z.string().regex(/^[a-z][A-Za-z]*$/), z.string().regex(/^[A-Za-z_][\w-]*(\.[#\w-]+)*(\[\])?$/))
        .optional(),
      json: z.record(z.string().regex(/^[a-z][A-Za-z]*$/), path).optional(),
      ignore: z.enum(ignoredReasons).optional(),
      event: eventSchema.optional(),
      rules: z.array(ruleSchema).min(1).optional(),
      choose: z.enum(['first', 'all']).optional(),
      otherwise: z.enum(ignoredReasons).optional(),
    })
    .refine(
      (rule) => [rule.ignore, rule.event, rule.rules].filter((part) => part !== undefined).length === 1,
      'needs exactly one of ignore, event or rules',
    ),
) as z.ZodType<Rule>

const signatureSchema = z.discriminatedUnion('algorithm', [
  z.strictObject({ algorithm: z.literal('none') }),
  z.strictObject({ algorithm: z.literal('equality'), header: z.string() }),
  z.strictObject({
    algorithm: z.enum(['hmac-sha256', 'sha256']),
    header: z.string(),
    prefix: z.string().default(''),
    encoding: z.enum(['hex', 'base64']).default('hex'),
    /** `t=…,s=…`: parts by name; the one that holds the signature, the others are `{name}` in `signed`. */
    parts: z.strictObject({ signature: z.string() }).optional(),
    /** What is signed: `{body}`, `{secret}`, `{app_id}`, parts, and fields of the body as `{body.timestamp}`. */
    signed: z.string().default('{body}'),
    /** Over the body as it is, or as JSON.stringify would write it. */
    body: z.enum(['raw', 'reserialised']).default('raw'),
    /** A signed time must be this fresh, both ways. */
    age: z.strictObject({ of: z.string(), unit: z.enum(['s', 'ms']), maxSeconds: z.number().positive() }).optional(),
  }),
])
export type SignatureRule = z.output<typeof signatureSchema>

const answerSchema = z
  .strictObject({
    status: z.int().min(200).max(299).default(200),
    contentType: z.string().default('text/plain'),
    body: z.string().default(''),
  })
  .prefault({})

const handshakeSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  /** Echoes a parameter when another one holds the verify token (Meta's `hub.*`). */
  z.strictObject({
    mode: z.literal('challenge'),
    token: z.string(),
    challenge: z.string(),
    expect: z.record(z.string(), z.string()).default({}),
  }),
])
export type HandshakeRule = z.output<typeof handshakeSchema>

export const mappingSchema = z.strictObject({
  source: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  version: z.int().positive(),
  about: z.string().optional(),
  contentTypes: z.array(z.string()).default(['application/json']),
  storedHeaders: z.array(z.string().regex(/^[a-z0-9-]+$/, 'must be in lower case')).default([]),
  separateReferrals: z.boolean().default(false),
  signature: signatureSchema.default({ algorithm: 'none' }),
  handshake: handshakeSchema.default({ mode: 'none' }),
  answer: answerSchema,
  /** Lists of values that name the business account, looked at before the signature is checked. */
  accounts: z.array(z.string()).default([]),
  /** A body for which this does not hold is no delivery of the source. */
  recognise: conditionSchema,
  rules: z.array(ruleSchema).min(1),
  choose: z.enum(['first', 'all']).default('all'),
  otherwise: z.enum(ignoredReasons).default('empty'),
})
export type MappingDocument = z.output<typeof mappingSchema>
