/**
 * The mapping language: a document that says how one source's webhook bodies become message events. Every element is data; the
 * interpreter knows no source. docs/sources/mapping-language.md explains it by example.
 */
import { z } from 'zod'
import { messagingApps } from '../../../model/connection-record.ts'
import {
  attachmentKinds,
  channels,
  directions,
  ignoredReasons,
  kinds,
  referralSources,
  senders,
  textOrigins,
} from '../../../model/message-event.ts'
import { element } from './element.ts'
import {
  type ConditionElement,
  conditionSchema,
  keysSchema,
  pathSchema,
  type Value,
  valueSchema,
} from './expressions.ts'

/** A constant of the contract, or a value that yields one. */
const oneOf = <T extends string>(names: readonly T[]) =>
  z.union([
    z.enum(names),
    valueSchema.refine((value) => typeof value !== 'string', `must be one of ${names.join(', ')}, or a value`),
  ])

export const timeUnits = ['s', 'ms', 'us', 'ns', 'iso', 'iso-utc', 'auto'] as const
export type TimeUnit = (typeof timeUnits)[number]

const eventSchema = element({
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
      element({
        of: valueSchema,
        unit: z.enum(timeUnits),
        source: z.enum(['event', 'delivery']).default('event'),
      }),
    )
    .min(1),
  /** First hit. */
  text: z
    .array(
      element({
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
        element({ const: z.enum(attachmentKinds), when: conditionSchema.optional() }),
        element({
          of: valueSchema,
          map: z.record(z.string(), z.enum(attachmentKinds).nullable()),
          otherwise: z.enum(attachmentKinds).nullable().default('other'),
        }),
        element({
          each: pathSchema,
          /** A path inside each element, or a value in which `item` is the element; without it the element itself is the type. */
          type: z
            .union([
              keysSchema,
              valueSchema.refine(
                (value) => typeof value !== 'string',
                'must be a path inside each element, or a value',
              ),
            ])
            .optional(),
          map: z.record(z.string(), z.enum(attachmentKinds).nullable()),
          otherwise: z.enum(attachmentKinds).nullable().default('other'),
        }),
      ]),
    )
    .default([]),
  /** The first that tells something: whose condition holds, or without one, of which a field is there. */
  referral: z
    .array(
      element({
        when: conditionSchema.optional(),
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

/** An item that says: this account may no longer be reported for. Its connection is disconnected. */
const removedSchema = element({
  accountId: valueSchema,
  /** The source's own number for why. */
  reason: valueSchema.optional(),
  time: eventSchema.shape.time,
})
export type RemovedRule = z.output<typeof removedSchema>

export interface Rule {
  readonly name?: string | undefined
  readonly when?: ConditionElement | undefined
  /** Names for each element of a list (`entry: body.entry[]`) or for one value (`value: change.value`), in order. */
  readonly each?: Readonly<Record<string, string>> | undefined
  /** Names for values that are JSON in a string, or objects already. */
  readonly json?: Readonly<Record<string, string>> | undefined
  /** Names for values that are computed, in order: one may use those before it. */
  readonly let?: Readonly<Record<string, Value>> | undefined
  readonly ignore?: (typeof ignoredReasons)[number] | undefined
  /** Beside `ignore`: no message event, but the account's authorisation has ended. */
  readonly authorisationRemoved?: RemovedRule | undefined
  readonly event?: EventRule | undefined
  /** What stands there is a message event of the contract already. */
  readonly messageEvent?: string | undefined
  readonly rules?: readonly Rule[] | undefined
  /** The first rule that applies ends the list; else all are tried. */
  readonly choose?: 'first' | 'all' | undefined
  /** Where no rule applied. */
  readonly otherwise?: (typeof ignoredReasons)[number] | undefined
}

const nameSchema = z.string().regex(/^[a-z][A-Za-z]*$/, 'must be a name of letters')
const listPathSchema = z
  .string()
  .refine((text) => pathSchema.safeParse(text.replace(/\[\]$/, '')).success, 'must be a path, with [] behind a list')

const ruleSchema: z.ZodType<Rule> = z.lazy(() =>
  element({
    name: z.string().optional(),
    when: conditionSchema.optional(),
    each: z.record(nameSchema, listPathSchema).optional(),
    json: z.record(nameSchema, pathSchema).optional(),
    let: z.record(nameSchema, valueSchema).optional(),
    ignore: z.enum(ignoredReasons).optional(),
    authorisationRemoved: removedSchema.optional(),
    event: eventSchema.optional(),
    messageEvent: pathSchema.optional(),
    rules: z.array(ruleSchema).min(1).optional(),
    choose: z.enum(['first', 'all']).optional(),
    otherwise: z.enum(ignoredReasons).optional(),
  })
    .refine(
      (rule) =>
        [rule.ignore, rule.event, rule.messageEvent, rule.rules].filter((part) => part !== undefined).length === 1,
      'needs exactly one of ignore, event, messageEvent or rules',
    )
    .refine(
      (rule) => rule.authorisationRemoved === undefined || rule.ignore !== undefined,
      'authorisationRemoved stands beside ignore: the item is no message event',
    ),
) as z.ZodType<Rule>

/** HTTP does not care how a header is written; here all of them are in lower case. */
const header = z
  .string()
  .regex(/^[A-Za-z0-9-]+$/, 'must be the name of a header')
  .transform((name) => name.toLowerCase())

const signatureSchema = z.discriminatedUnion('algorithm', [
  element({ algorithm: z.literal('none') }),
  element({ algorithm: z.literal('equality'), header, prefix: z.string().default('') }),
  element({
    algorithm: z.enum(['hmac-sha256', 'sha256']),
    header,
    prefix: z.string().default(''),
    encoding: z.enum(['hex', 'base64', 'base64url']).default('hex'),
    /** `t=…,s=…`: parts by name; the one that holds the signature, the others are `{name}` in `signed`. */
    parts: element({ signature: z.string() }).optional(),
    /** What is signed: `{body}`, `{secret}`, `{app_id}`, parts, `{body.timestamp}` (a field), `{headers.x-time}`. */
    signed: z.string().default('{body}'),
    /** Over the body as it is, as JSON.stringify would write it, or whichever of the two fits. */
    body: z.enum(['raw', 'reserialised', 'either']).default('raw'),
    /** A signed time must be this fresh, both ways; `of` names a part, `body.field` or `headers.name`. */
    age: element({ of: z.string(), unit: z.enum(['s', 'ms']), maxSeconds: z.number().positive() }).optional(),
  }),
])
export type SignatureRule = z.output<typeof signatureSchema>
export type DigestRule = Extract<SignatureRule, { encoding: string }>

/** What the source wants to hear, and how soon. */
const answerSchema = element({
  status: z.int().min(200).max(299).default(200),
  contentType: z.string().default('text/plain'),
  body: z.string().default(''),
  /** After so many seconds the source gives up and sends again: by then it is answered, stored (status) or not (503). */
  deadlineSeconds: z.number().min(1).max(60).default(5),
}).prefault({})

const handshakeSchema = z.discriminatedUnion('mode', [
  element({ mode: z.literal('none') }),
  /** Echoes a parameter when another one holds the verify token (Meta's `hub.*`). */
  element({
    mode: z.literal('challenge'),
    token: z.string(),
    challenge: z.string(),
    expect: z.record(z.string(), z.string()).default({}),
  }),
])
export type HandshakeRule = z.output<typeof handshakeSchema>

export const mappingSchema = element({
  /** Of the mapping language: an interpreter refuses a document that speaks a later one. */
  language: z.literal(1, 'this interpreter speaks language 1 of mappings').default(1),
  source: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a name in lower case, such as my-partner: it is part of the address')
    .refine((name) => name !== 'message-event', 'is taken: message events have that name'),
  version: z.int().positive(),
  about: z.string().optional(),
  contentTypes: z.array(z.string()).default(['application/json']),
  storedHeaders: z.array(header).default([]),
  separateReferrals: z.boolean().default(false),
  /** The messaging app behind all its accounts, for looking up message event sets. */
  messagingApp: z.enum(messagingApps).nullable().default(null),
  /** The source is the channel itself: a partner's payload that quotes one of its message ids tells of the same message. */
  messageIdIsChannels: z.boolean().default(false),
  /** Several: a source may prove itself in either way; the first whose header is there decides. */
  signature: z.union([signatureSchema, z.array(signatureSchema).min(1)]).default({ algorithm: 'none' }),
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
