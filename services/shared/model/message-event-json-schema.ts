/**
 * JSON Schema (draft 2020-12) of what a connector hands over, drawn from the zod schema that judges it.
 * It describes an event as it is sent: fields with a default may be absent.
 */
import { z } from 'zod'
import { earliestTime, messageEventSchema } from './message-event.ts'
import { outcomeConditions, outcomeJsonSchema } from './outcomes/outcome-json-schema.ts'

export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** docs/contracts.md, section 1, in a line each. */
const descriptions: Readonly<Record<string, string>> = {
  source: 'the connector: a source of this pipeline, or the name of an own one',
  accountId: "the business's account as the source names it",
  channel: 'the app in which the person wrote',
  conversationId: 'the thread, unique within source and account',
  messageId: 'unique within source and account; an edit or deletion names the original message',
  kind: '`message` · `edit` · `deletion` · `referral` (came by an ad or a link, no message with it) · `order` · `outcome`: what became of a conversation',
  direction: '`inbound`: from the person',
  sender: 'who acted',
  occurredAt: 'when it happened at the source: milliseconds since the Unix epoch, from 2010 to one day ahead',
  timeSource: "which clock `occurredAt` is from: the item's own, the envelope's, or the receiver's",
  text: 'plain text as the person saw it; longer than 16,384 characters is cut',
  textOrigin: 'whose words: only `typed` and `caption` are the own words of the person',
  links: 'urls that a message carries outside of its text; never urls of media',
  attachments: 'kinds only, never urls',
  referral: 'the ad or link that led the person here',
  channelMessageId: "the channel's own message id, so that one message by two feeds counts once",
  revision: 'tells two events of one message and kind apart',
  aliases: 'other conversation ids of the same thread',
  backfill: 'true for history that a source delivers late: never raises a fresh signal',
  outcome:
    'of kinds `outcome` and `order`: name (1 to 100 characters; null on an order), value (decimal from 0), currency (ISO 4217, with a value), reference',
  contactId: 'the person across threads; an outcome whose `conversationId` is its `contactId` has no thread',
}

interface Definition {
  readonly type: string
  readonly in: { readonly _zod: { readonly def: Definition } }
  readonly out: z.ZodType
  readonly element: { readonly _zod: { readonly def: Definition } }
}

/** A list is a length check in front of its entries (message-event.ts); as a document it is one array. */
const mergedList = (definition: Definition, own: Record<string, unknown>) => {
  if (definition.type !== 'pipe' || definition.in._zod.def.type !== 'array') return
  const entries = z.toJSONSchema(definition.out, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  own.items = entries.items
}

const draw = (schema: z.ZodType): Record<string, unknown> => {
  const { $schema, ...drawn } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) =>
      mergedList(zodSchema._zod.def as unknown as Definition, jsonSchema as Record<string, unknown>),
  })
  return drawn
}

/** Values in the future are refused by the clock of the receiver, which a document cannot hold. */
const time = { type: 'integer', minimum: earliestTime }

export const messageEventJsonSchema = (): JsonSchema => {
  const drawn = draw(messageEventSchema)
  const properties = drawn.properties as Record<string, Record<string, unknown>>
  return {
    title: 'Message event',
    ...drawn,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [
        name,
        {
          ...(name === 'outcome' ? { ...outcomeJsonSchema, default: null } : property),
          ...(name === 'occurredAt' ? time : {}),
          ...(descriptions[name] === undefined ? {} : { description: descriptions[name] }),
        },
      ]),
    ),
    allOf: outcomeConditions,
  }
}
