/**
 * Schema of the mapping language: a document that says how one source's webhook bodies become message events. Every element is
 * data; the interpreter knows no source. docs/sources/mapping-language.md explains it by example.
 */
import { z } from 'zod'
import { messagingApps } from '../../../model/connection-record.ts'
import { ignoredReasons } from '../../../model/message-event.ts'
import { answerSchema, handshakeSchema, headerNameSchema, signatureSchema } from './delivery-rules.ts'
import { element } from './element.ts'
import {
  type EventRule,
  eventSchema,
  type JoinsRule,
  joinsSchema,
  type RemovedRule,
  removedSchema,
} from './event-rule.ts'
import { type ConditionElement, conditionSchema, pathSchema, type Value, valueSchema } from './expressions.ts'

export interface Rule {
  readonly name?: string | undefined
  readonly when?: ConditionElement | undefined
  /**
   * Names for each element of a list (`entry: body.entry[]`), for each `{key, value}` of an object (`extra: body.extras{}`) or for one
   * value (`value: change.value`), in order.
   */
  readonly each?: Readonly<Record<string, string>> | undefined
  /** Names for values that are JSON in a string, or already objects. */
  readonly json?: Readonly<Record<string, string>> | undefined
  /** Names for computed values, in order: each may use those before it. */
  readonly let?: Readonly<Record<string, Value>> | undefined
  readonly ignore?: (typeof ignoredReasons)[number] | undefined
  /** Beside `ignore`: the item is not a message event, but ends the account's authorisation. */
  readonly authorisationRemoved?: RemovedRule | undefined
  /** Beside `ignore`: the item is not a message, but says that two conversation ids are one. */
  readonly joins?: JoinsRule | undefined
  readonly event?: EventRule | undefined
  /** Path to a value that already is a message event of the contract. */
  readonly messageEvent?: string | undefined
  readonly rules?: readonly Rule[] | undefined
  /** `first`: the first rule that applies ends the list; `all`: each rule is tried. */
  readonly choose?: 'first' | 'all' | undefined
  /** The reason for an item to which no inner rule applied. */
  readonly otherwise?: (typeof ignoredReasons)[number] | undefined
}

const nameSchema = z.string().regex(/^[a-z][A-Za-z]*$/, 'must be a name of letters')
const listPathSchema = z
  .string()
  .refine(
    (text) => pathSchema.safeParse(text.replace(/(?:\[\]|\{\})$/, '')).success,
    'must be a path, with [] behind a list and {} behind an object whose keys are asked for',
  )

const ruleSchema: z.ZodType<Rule> = z.lazy(() =>
  element({
    name: z.string().optional(),
    when: conditionSchema.optional(),
    each: z.record(nameSchema, listPathSchema).optional(),
    json: z.record(nameSchema, pathSchema).optional(),
    let: z.record(nameSchema, valueSchema).optional(),
    ignore: z.enum(ignoredReasons).optional(),
    authorisationRemoved: removedSchema.optional(),
    joins: joinsSchema.optional(),
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
      'authorisationRemoved needs ignore beside it: the item is not a message event',
    )
    .refine(
      (rule) => rule.joins === undefined || rule.ignore !== undefined,
      'joins needs ignore beside it: the item is not a message event',
    ),
) as z.ZodType<Rule>

export const mappingSchema = element({
  /** Version of the mapping language. The interpreter refuses documents of a later one. */
  language: z.literal(1, 'this interpreter speaks language 1 of mappings').default(1),
  source: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a name in lower case, such as my-partner: it is part of the address')
    .refine((name) => name !== 'message-event', 'is taken: message events have that name'),
  version: z.int().positive(),
  about: z.string().optional(),
  contentTypes: z.array(z.string()).default(['application/json']),
  storedHeaders: z.array(headerNameSchema).default([]),
  separateReferrals: z.boolean().default(false),
  /** The messaging app of all its accounts, for looking up message event sets. */
  messagingApp: z.enum(messagingApps).nullable().default(null),
  /** The source is the channel itself: a partner's payload that quotes one of its message ids is about the same message. */
  messageIdIsChannels: z.boolean().default(false),
  /** A list: alternatives, of which the first whose header is present decides. */
  signature: z.union([signatureSchema, z.array(signatureSchema).min(1)]).default({ algorithm: 'none' }),
  handshake: handshakeSchema.default({ mode: 'none' }),
  answer: answerSchema,
  /** The business accounts that a delivery names: paths with [] behind each list, or values. Exactly those of its items. */
  accounts: z
    .array(
      z.union([
        z.string(),
        /** Several accounts in one text, such as a header. */
        element({ of: valueSchema, split: z.string().min(1).max(3) }),
        valueSchema.refine((value) => typeof value !== 'string', 'must be a path such as body.page.id, or a value'),
      ]),
    )
    .default([]),
  /** A body for which this does not hold is not a delivery of the source. */
  recognise: conditionSchema,
  /** Why a body that is not recognised belongs elsewhere: the first whose condition holds is the refusal's text. */
  refuse: z.array(element({ when: conditionSchema, because: z.string().min(1).max(300) })).default([]),
  rules: z.array(ruleSchema).min(1),
  choose: z.enum(['first', 'all']).default('all'),
  otherwise: z.enum(ignoredReasons).default('empty'),
  /** The source sends 0 and "0" for what it does not have: paths to them are absent everywhere in the document. */
  zeroIsAbsent: z.boolean().default(false),
})
export type MappingDocument = z.output<typeof mappingSchema>
