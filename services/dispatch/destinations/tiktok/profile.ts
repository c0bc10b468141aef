/**
 * A wire profile: how a signal looks on TikTok's wire, as a versioned document. The form for message events is agreed between
 * TikTok and each partner, so nothing of it is code, and no profile is a default for a real host.
 */
import { z } from 'zod'
import { signalKinds } from '../../../shared/model/topic-values.ts'
import { hashProblem, hashWays } from './hashing.ts'

/** A place inside the event such as `user.ttclid`: one or two names. */
const place = z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/, 'must be a place such as "user.ttclid"')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const flagName = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a flag such as "payment"')

/**
 * properties: each flag stands by its name in one object of the event. nested: in an object inside that. event_per_flag: each flag is
 * an event of its own, with an id of its own.
 */
export const flagEncodings = ['properties', 'nested', 'event_per_flag'] as const

const flags = z
  .strictObject({
    encoding: z.enum(flagEncodings).optional(),
    /** The object that takes the flags. */
    at: place.default('properties'),
    /** What a flag is set to. */
    value: scalar.default(true),
    /** event_per_flag: names of the events; one that is named for its flag does not carry it besides. */
    eventNames: z.partialRecord(flagName, z.string().min(1)).default({}),
  })
  .transform((given) => ({ ...given, encoding: given.encoding ?? (given.at.includes('.') ? 'nested' : 'properties') }))

const constant = z.strictObject({ at: place, value: scalar, hash: z.enum(hashWays).default('none') })

const shape = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower case letters, digits and hyphens'),
  version: z.int().positive(),
  about: z.string().optional(),
  /** True: refused for any host but this machine. */
  loopbackOnly: z.boolean().default(false),
  eventSource: z.string().min(1),
  /** Beside `data`, where TikTok has given one. */
  partnerName: z.string().min(1).optional(),
  /** Beside `data`; marks everything as test traffic. */
  testEventCode: z.string().min(1).optional(),
  events: z.record(
    z.enum(signalKinds),
    z.strictObject({ name: z.string().min(1), properties: z.record(z.string(), scalar).default({}) }),
  ),
  /** Where the tracking id goes; absent from an event without one. */
  trackingId: z.union([
    place.transform((at) => ({ at, hash: 'none' as const })),
    z.strictObject({ at: place, hash: z.enum(['none', 'sha256']).default('none') }),
  ]),
  /** The same in every event. */
  constants: z.array(constant).default([]),
  flags,
})

/** What the encoder writes itself. */
const written = new Set(['event', 'event_id', 'event_time'])
/** TikTok refuses these in the clear (code 40062). */
const mustBeHashed = new Set(['user.email', 'user.phone', 'user.external_id'])
const digest = /^[0-9a-f]{64}$/

type Shape = z.output<typeof shape>
type Problem = readonly [path: string, message: string]

const placesOf = ({ trackingId, constants, flags: { at } }: Shape): Problem[] => [
  ['trackingId', trackingId.at],
  ...constants.map(({ at: place }, index) => [`constants.${index}.at`, place] as const),
  ['flags.at', at],
]

const placeProblems = (profile: Shape): Problem[] => {
  const places = placesOf(profile)
  return places.flatMap(([path, at], index): Problem[] => {
    if (written.has(at.split('.')[0] as string)) return [[path, `${at} is written by every event itself`]]
    const other = places.findIndex(([, one]) => one === at)
    if (other < index) return [[path, `${at} is taken by ${places[other]?.[0]}`]]
    const below = path === 'flags.at' ? undefined : places.find(([, one]) => one.startsWith(`${at}.`))
    return below ? [[path, `${at} must be free for what ${below[0]} puts into it`]] : []
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
    const taken = holder === 'properties' && inside !== undefined && Object.hasOwn(events[kind].properties, inside)
    if (taken) problems.push([`events.${kind}.properties.${inside}`, 'is where the flags go'])
  }
  return problems
}

const schema = shape.superRefine((profile, context) => {
  for (const [path, message] of [...placeProblems(profile), ...hashProblems(profile), ...flagProblems(profile)]) {
    context.addIssue({ code: 'custom', path: path.split('.'), message })
  }
})
export type Profile = Shape

/** Each problem names the place in the document. */
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
  const result = schema.safeParse(document)
  if (result.success) return result.data
  throw new ProfileInvalid(
    result.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`),
  )
}
