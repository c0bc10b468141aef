/** A rule set as its file says it: the fields, their limits, and the way back from a record to the file's form. */
import { z } from 'zod'
import {
  type RuleCondition,
  type RuleCount,
  type RuleSetRecord,
  ruleReports,
  type SignalRule,
} from '../../shared/model/rules/rule-set.ts'
import { reservedFlags } from '../lists/list.ts'
import { versionedIdForm } from '../versions/selection.ts'
import { outcomeNameKey } from './outcome-name.ts'

export const maxRules = 32
const maxNames = 100
/** UTF-16 units, as for an outcome's name. */
const maxNameLength = 100
/** As many inbound messages of a conversation as attribution numbers. */
const maxInboundMessages = 100
/** What fired is remembered for 40 days, so a longer window could count twice. */
const maxHours = 720

/** Events of the pipeline itself. */
const reservedEvents: readonly string[] = ['Conversation', 'Keyword', 'Order']

/** The problem of a value that is absent, or of another type. */
const typed = (must: string) => ({
  error: ({ input, code }: { input?: unknown; code?: string; keys?: string[] }) =>
    code === 'unrecognized_keys' ? undefined : input === undefined ? `is missing: it ${must}` : must,
})

const listOf = (item: z.ZodType<string>, must: string) =>
  z
    .array(item, typed(must))
    .min(1, 'is empty, so it never holds; name at least one')
    .max(maxNames, `has more than ${maxNames} entries`)

const outcomeName = z
  .string(typed('must be a text in quotes'))
  .max(maxNameLength, `is longer than ${maxNameLength} characters, and so is no outcome's name: it never holds`)
  .refine(
    (name) => outcomeNameKey(name) !== '',
    'has nothing to compare, so it never holds; write the name as the inbox shows it',
  )
  .refine((name) => !name.includes('\ufffd'), 'has lost letters (\ufffd): save the file from its original as UTF-8')

const flag = z
  .string(typed('must be a text'))
  .regex(
    /^[a-z][a-z0-9_]{0,39}$/,
    'must be the flag of a keyword list, [a-z][a-z0-9_]{0,39}: no list can have another, so it never holds',
  )
  .refine(
    (name) => !reservedFlags.has(name),
    'is the name of a documented TikTok property, which no keyword list can have as a flag: it never holds',
  )

const conditions = ['outcome', 'flags', 'kind', 'inboundMessages'] as const
const formsOfConditions = 'outcome: [names], flags: [flags], kind: order, inboundMessages: n'

const condition = z
  .strictObject(
    {
      outcome: listOf(outcomeName, 'must be a list of names, such as ["qualified"]').optional(),
      flags: listOf(flag, 'must be a list of flags, such as ["payment"]').optional(),
      kind: z.literal('order', typed('must be order: other kinds have conditions of their own')).optional(),
      inboundMessages: z
        .int(typed('must be a whole number, such as 3'))
        .min(1, 'must be at least 1: there is no earlier message, so it never holds')
        .max(
          maxInboundMessages,
          `must be at most ${maxInboundMessages}: later messages get no number, so it never holds`,
        )
        .optional(),
    },
    typed(`must be one of ${formsOfConditions}`),
  )
  .superRefine((given, context) => {
    const named = conditions.filter((name) => given[name] !== undefined)
    if (named.length > 1)
      context.addIssue({
        code: 'custom',
        message: `has ${named.length} conditions (${named.join(', ')}), exactly one is taken; write a rule for each`,
      })
    if (named.length === 0)
      context.addIssue({ code: 'custom', message: `has no condition; give one of ${formsOfConditions}` })
  })
  .transform(
    ({ outcome = [], flags = [], kind = null, inboundMessages = null }): RuleCondition => ({
      outcome,
      flags,
      kind,
      inboundMessages,
    }),
  )

const plainCounts = ['always', 'once_per_conversation', 'once_per_touch'] as const
const formsOfCounts = `${plainCounts.join(', ')} or {onceInHours: n}`

const hours = z
  .int(typed(`must be a whole number of hours from 1 to ${maxHours}`))
  .min(1, `must be a whole number of hours from 1 to ${maxHours}`)
  .max(maxHours, `must be at most ${maxHours} hours, which are remembered; for longer, use once_per_conversation`)

const onceInHours = z.strictObject({ onceInHours: hours }, typed(`must be ${formsOfCounts}`))

const count = z
  .union([z.enum(plainCounts), onceInHours], { error: `must be ${formsOfCounts}` })
  .default('always')
  .transform((given): { count: RuleCount; hours: number | null } =>
    typeof given === 'string' ? { count: given, hours: null } : { count: 'once_in_hours', hours: given.onceInHours },
  )

export const ruleSchema = z
  .strictObject(
    {
      event: z
        .string(typed('must be the name of an event at TikTok, such as QualifiedLead'))
        .regex(/^[A-Za-z][A-Za-z0-9_]{0,49}$/, 'must be 1 to 50 letters, digits and _, beginning with a letter')
        .refine(
          (event) => !reservedEvents.includes(event),
          `is an event of the pipeline itself (${reservedEvents.join(', ')}); choose another name`,
        ),
      when: condition,
      unless: condition.nullish().transform((unless) => unless ?? null),
      count,
      value: z.boolean(typed('must be true or false')).default(false),
      report: z.enum(ruleReports, typed(`must be one of ${ruleReports.join(', ')}`)).default('send'),
    },
    typed('must be a rule with event and when'),
  )
  .transform(({ count: counted, ...rest }): SignalRule => ({ ...rest, ...counted }))

/** What `signals rules show --json` adds; a file may hold it, and the import makes its own. */
const ofRecord = z.unknown().optional()

export const ruleSetSchema = z.strictObject(
  {
    ruleSetId: z
      .string(typed('must be a text'))
      .regex(versionedIdForm, 'must be 1 to 64 of letters, digits and ._-')
      .optional(),
    rules: z
      .array(ruleSchema, typed('must be a list of rules'))
      .min(1, 'is empty; to switch a rule off, give it report: off')
      .max(
        maxRules,
        `has more than ${maxRules} rules; put several names into one condition, or make a set for each market`,
      ),
    shadow: z.boolean(typed('must be true or false')).default(false),
    ...{ version: ofRecord, createdAt: ofRecord, copyOf: ofRecord, author: ofRecord, inForce: ofRecord },
  },
  typed('must be an object with rules'),
)

const conditionDocument = ({ outcome, flags, kind, inboundMessages }: RuleCondition) => ({
  ...(outcome.length > 0 && { outcome }),
  ...(flags.length > 0 && { flags }),
  ...(kind !== null && { kind }),
  ...(inboundMessages !== null && { inboundMessages }),
})

/** A rule in the form of a file; fields with their default are left out. */
export const ruleDocument = ({ event, when, unless, count: counted, hours: length, value, report }: SignalRule) => ({
  event,
  when: conditionDocument(when),
  ...(unless !== null && { unless: conditionDocument(unless) }),
  ...(counted !== 'always' && { count: counted === 'once_in_hours' ? { onceInHours: length } : counted }),
  ...(value && { value }),
  ...(report !== 'send' && { report }),
})

/** A version in the form of a file, which an import takes again. */
export const ruleSetDocument = ({ rules, createdAt, ...rest }: RuleSetRecord) => ({
  ...rest,
  createdAt: new Date(createdAt).toISOString(),
  rules: rules.map(ruleDocument),
})
