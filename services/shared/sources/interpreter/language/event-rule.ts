/** Schema of the rules that build a message event from an item. docs/sources/mapping-language.md explains them. */
import { z } from 'zod'
import {
  attachmentKinds,
  channels,
  directions,
  kinds,
  referralSources,
  senders,
  textOrigins,
} from '../../../model/message-event.ts'
import { element } from './element.ts'
import { conditionSchema, keysSchema, pathSchema, valueSchema } from './expressions.ts'

/** A constant of the contract, or a value that yields one. */
const oneOf = <T extends string>(names: readonly T[]) =>
  z.union([
    z.enum(names),
    valueSchema.refine((value) => typeof value !== 'string', `must be one of ${names.join(', ')}, or a value`),
  ])

/** Of each element of a list. */
const elementKey = z.string().min(1)

export const timeUnits = ['s', 'ms', 'us', 'ns', 'iso', 'iso-utc', 'auto'] as const
export type TimeUnit = (typeof timeUnits)[number]

export const eventSchema = element({
  /** The item fails if one of these is absent, for instance the person. */
  requires: z.array(valueSchema).default([]),
  accountId: valueSchema,
  channel: oneOf(channels).default('other'),
  conversationId: valueSchema,
  messageId: valueSchema,
  /** Stable parts of an item without an id, to derive one from. */
  derivedFrom: z.array(valueSchema).default([]),
  kind: oneOf(kinds).default('message'),
  direction: oneOf(directions).default('inbound'),
  sender: oneOf(senders).default('unknown'),
  time: z
    .array(
      element({
        of: valueSchema,
        unit: z.enum(timeUnits),
        source: z.enum(['event', 'delivery']).default('event'),
      }),
    )
    .min(1),
  /** The first entry that yields a text counts. */
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
  /** true: the typed words and captions are another person's, passed on. */
  forwarded: conditionSchema.optional(),
  links: z
    .array(
      z.union([
        valueSchema,
        element({
          each: pathSchema,
          /** A value in which `item` is the element. */
          link: valueSchema,
          when: conditionSchema.optional(),
        }),
      ]),
    )
    .default([]),
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
          /** A path inside each element, or a value in which `item` is the element. Default: the element itself. */
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
  /** The first entry counts whose condition holds, or, without a condition, that has a field which is present. */
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
  /** Of kinds `outcome` and `order`: what became of the conversation. */
  outcome: element({
    /** Of `outcome` only. */
    name: valueSchema.optional(),
    value: valueSchema.optional(),
    /** The source gives `value` in parts of so many to one unit: 100 for cents. A power of ten. */
    units: valueSchema.optional(),
    /** In place of `value` and `currency`: price times quantity of each element of a list, summed. */
    total: element({ of: valueSchema, price: elementKey, quantity: elementKey, currency: elementKey }).optional(),
    currency: valueSchema.optional(),
    reference: valueSchema.optional(),
  }).optional(),
  /** The rule applies only where the account's connection lists this key in `outcomeKeys`. */
  outcomeKey: valueSchema.optional(),
  /** The person across threads; with the same `conversationId`, an outcome has no thread. */
  contactId: valueSchema.optional(),
  channelMessageId: valueSchema.optional(),
  revision: valueSchema.optional(),
  aliases: z.array(valueSchema).default([]),
  backfill: z.union([z.boolean(), conditionSchema]).default(false),
  /** Where it holds, a message without text, attachment and referral counts; else it is ignored as `empty`. */
  keepEmpty: z.union([z.boolean(), conditionSchema]).default(false),
})
export type EventRule = z.output<typeof eventSchema>

/** An item that is no message, but says that a person has another id now: later messages under it are of the same conversation. */
export const joinsSchema = element({
  accountId: valueSchema,
  channel: eventSchema.shape.channel,
  /** One of the ids, and the others. */
  conversationId: valueSchema,
  aliases: z.array(valueSchema).min(1),
  messageId: valueSchema.optional(),
  derivedFrom: eventSchema.shape.derivedFrom,
  time: eventSchema.shape.time,
})
export type JoinsRule = z.output<typeof joinsSchema>

/** An item by which an account withdraws its authorisation: the account's connection is disconnected. */
export const removedSchema = element({
  accountId: valueSchema,
  /** The source's numeric reason. */
  reason: valueSchema.optional(),
  time: eventSchema.shape.time,
})
export type RemovedRule = z.output<typeof removedSchema>
