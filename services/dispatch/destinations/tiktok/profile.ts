/**
 * A wire profile: how a signal looks on TikTok's wire, as a versioned document. TikTok agrees the form of message events with each
 * partner, so none of it is code. No profile is a default for a real host.
 */

import { z } from 'zod'
import { signalKinds } from '../../../shared/model/topic-values.ts'
import { plainIssue } from '../../../shared/text/plain-issue.ts'
import { hashProblem, hashWays } from './hashing.ts'

/** A path inside the event such as `user.ttclid`: one or two names. */
const eventPath = z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/, 'must be a path such as "user.ttclid"')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const flagName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a flag such as "payment"')

/**
 * properties: each flag is a field of one object of the event. nested: a field of an object inside that one. event_per_flag: each flag is
 * its own event, with its own id.
 */
export const flagEncodings = ['properties', 'nested', 'event_per_flag'] as const

const flags = z
  .strictObject({
    encoding: z.enum(flagEncodings).optional(),
    /** The object that takes the flags. */
    at: eventPath.default('properties'),
    /** The value of a flag. */
    value: scalar.default(true),
    /** event_per_flag: names of the events by flag; an event with such a name does not carry the flag as well. */
    eventNames: z.partialRecord(flagName, z.string().min(1)).default({}),
  })
  .transform((given) => ({ ...given, encoding: given.encoding ?? (given.at.includes('.') ? 'nested' : 'properties') }))

const constant = z.strictObject({ at: eventPath, value: scalar, hash: z.enum(hashWays).default('none') })

const eventProperties = z.record(z.string(), scalar).default({})
const event = z.strictObject({ name: z.string().min(1), properties: eventProperties })

const shape = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens'),
  version: z.int().positive(),
  about: z.string().optional(),
  /** True: refused for every host but this machine. */
  loopbackOnly: z.boolean().default(false),
  eventSource: z.string().min(1),
  /** Sent beside `data`; TikTok assigns it. */
  partnerName: z.string().min(1).optional(),
  /** Sent beside `data`; marks every event as test traffic. */
  testEventCode: z.string().min(1).optional(),
  events: z.strictObject({
    conversation: event,
    keyword: event,
    order: event,
    /** Named by its rule. Without this entry, rules that send are refused. */
    outcome: z
      .strictObject({
        properties: eventProperties,
        value: eventPath.default('properties.value'),
        currency: eventPath.default('properties.currency'),
      })
      .optional(),
  }),
  /** Path of the tracking id; absent from an event without one. */
  trackingId: z.union([
    eventPath.transform((at) => ({ at, hash: 'none' as const })),
    z.strictObject({ at: eventPath, hash: z.enum(['none', 'sha256']).default('none') }),
  ]),
  /** The same in every event. */
  constants: z.array(constant).default([]),
  flags,
})

/** Fields that the encoder writes. */
const written = new Set(['event', 'event_id', 'event_time'])
/** TikTok refuses these in the clear (code 40062). */
const mustBeHashed = new Set(['user.email', 'user.phone', 'user.external_id'])
const digest = /^[0-9a-f]{64}$/

type Shape = z.output<typeof shape>
type Problem = readonly [field: string, message: string]

const pathsOf = ({ trackingId, constants, flags, events: { outcome } }: Shape): Problem[] => [
  ['trackingId', trackingId.at],
  ...constants.map(({ at }, index) => [`constants.${index}.at`, at] as const),
  ['flags.at', flags.at],
  ...(outcome
    ? [['events.outcome.value', outcome.value] as const, ['events.outcome.currency', outcome.currency] as const]
    : []),
]

const pathProblems = (profile: Shape): Problem[] => {
  const paths = pathsOf(profile)
  return paths.flatMap(([field, at], index): Problem[] => {
    if (written.has(at.split('.')[0] as string)) return [[field, `${at} is a field that the encoder writes`]]
    const other = paths.findIndex(([, one]) => one === at)
    if (other < index) return [[field, `${at} is taken by ${paths[other]?.[0]}`]]
    const below = field === 'flags.at' ? undefined : paths.find(([, one]) => one.startsWith(`${at}.`))
    return below ? [[field, `${at} must be free for the value of ${below[0]}`]] : []
  })
}

const hashProblems = ({ trackingId, constants }: Shape): Problem[] => [
  ...(mustBeHashed.has(trackingId.at) && trackingId.hash === 'none'
    ? [['trackingId.hash', `TikTok takes ${trackingId.at} only hashed: set it to "sha256"`] as const]
    : []),
  ...constants.flatMap(({ at, value, hash }, index): Problem[] => {
    if (hash === 'none') {
      return mustBeHashed.has(at) && !digest.test(String(value))
        ? [[`constants.${index}.hash`, `TikTok takes ${at} only hashed`]]
        : []
    }
    const problem = hashProblem(String(value), hash)
    return problem ? [[`constants.${index}.value`, problem]] : []
  }),
]

const flagProblems = ({ events, flags: { encoding, at, eventNames } }: Shape): Problem[] => {
  const problems: Problem[] = []
  if (encoding === 'properties' && at.includes('.'))
    problems.push(['flags.at', 'must be one name where encoding is "properties"'])
  if (encoding === 'nested' && !at.includes('.'))
    problems.push(['flags.at', 'must be two names where encoding is "nested"'])
  if (encoding !== 'event_per_flag' && Object.keys(eventNames).length > 0) {
    problems.push(['flags.eventNames', 'needs encoding "event_per_flag"'])
  }
  const [holder, inside] = at.split('.')
  for (const kind of signalKinds) {
    const own = events[kind]?.properties ?? {}
    const taken = holder === 'properties' && inside !== undefined && Object.hasOwn(own, inside)
    if (taken) problems.push([`events.${kind}.properties.${inside}`, 'is where the flags go'])
  }
  return problems
}

const schema = shape.superRefine((profile, context) => {
  for (const [path, message] of [...pathProblems(profile), ...hashProblems(profile), ...flagProblems(profile)]) {
    context.addIssue({ code: 'custom', path: path.split('.'), message })
  }
})
export type Profile = Shape

/** Each problem names the field of the document. */
export class ProfileInvalid extends Error {
  override readonly name = 'ProfileInvalid'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('; '))
    this.problems = problems
  }
}

/** @throws ProfileInvalid */
export const parseProfile = (text: string): Profile => {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new ProfileInvalid(['the document is not JSON'])
  }
  const result = schema.safeParse(document, { error: plainIssue })
  if (result.success) return result.data
  throw new ProfileInvalid(
    result.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`),
  )
}
