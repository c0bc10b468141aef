/**
 * A wire profile: how a signal looks on TikTok's wire, as a versioned document. The form for message events is agreed between
 * TikTok and each partner, so nothing of it is code, and no profile is a default for a real host.
 */
import { readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { type Signal, signalKinds } from '../../../model/topic-values.ts'
import { ConfigError } from '../../../runtime/config.ts'

/** A place inside the event such as `user.ttclid`: one or two names. */
const place = z.string().regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$/, 'must be a place such as "user.ttclid"')
const scalar = z.union([z.string(), z.number(), z.boolean()])

const profileSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  version: z.int().positive(),
  about: z.string().optional(),
  /** True: refused for any host but this machine. */
  loopbackOnly: z.boolean().default(false),
  eventSource: z.string().min(1),
  events: z.record(
    z.enum(signalKinds),
    z.strictObject({ name: z.string().min(1), properties: z.record(z.string(), scalar).default({}) }),
  ),
  /** Where the tracking id goes; absent from an event without one. */
  trackingId: place,
  /** Object under which each flag stands by its name (`properties`, or nested such as `properties.keywords`). */
  flags: z.strictObject({ at: place, value: scalar.default(true) }),
})
export type Profile = z.output<typeof profileSchema>

/** @throws ConfigError naming the place in the document and what is wrong */
export const parseProfile = (text: string, where: string): Profile => {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new ConfigError(`TIKTOK_WIRE_PROFILE: ${where} is not JSON`)
  }
  const result = profileSchema.safeParse(document)
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`)
  throw new ConfigError(`TIKTOK_WIRE_PROFILE: ${where}: ${problems.join('; ')}`)
}

const isLoopback = (baseUrl: string) => {
  const host = new URL(baseUrl).hostname
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

export const simulatorProfile = 'simulator-1'

/**
 * @param chosen name of a shipped profile, or path of a profile's JSON file; unset: the simulator's, for a loopback host only
 * @throws ConfigError
 */
export const loadProfile = (chosen: string | undefined, baseUrl: string): Profile => {
  const local = isLoopback(baseUrl)
  if (chosen === undefined && !local) {
    throw new ConfigError(
      'TIKTOK_WIRE_PROFILE is not set: TIKTOK_BASE_URL is not this machine, and no wire profile is a default for a real host; name the file of the profile that TikTok agreed with you',
    )
  }
  const name = chosen ?? simulatorProfile
  const isPath = name.endsWith('.json') || isAbsolute(name)
  const path = isPath ? resolve(name) : join(import.meta.dirname, 'profiles', `${name}.json`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new ConfigError(
      isPath
        ? 'TIKTOK_WIRE_PROFILE: the file cannot be read'
        : `TIKTOK_WIRE_PROFILE: no profile of this name is shipped; use "${simulatorProfile}" or the path of a .json file`,
    )
  }
  const profile = parseProfile(text, isPath ? 'the file' : name)
  if (profile.loopbackOnly && !local) {
    throw new ConfigError(
      `TIKTOK_WIRE_PROFILE: ${profile.name} is for the simulator and refused for any other host: TIKTOK_BASE_URL must be a loopback address, or the profile the one that TikTok agreed with you`,
    )
  }
  return profile
}

type Event = Record<string, unknown>

const objectAt = (event: Event, [first, second]: readonly string[]): Event => {
  const outer = event[first as string] as Event | undefined
  const holder = outer ?? {}
  event[first as string] = holder
  if (second === undefined) return holder
  holder[second] ??= {}
  return holder[second] as Event
}

/** Compiled once: one event as it stands in `data`. `event_time` is the message's own, in whole seconds. */
export const eventEncoder = (profile: Profile): ((signal: Signal) => Event) => {
  const [trackingAt, trackingName] = profile.trackingId.split('.') as [string, string | undefined]
  const flagsAt = profile.flags.at.split('.')
  return (signal) => {
    const { name, properties } = profile.events[signal.kind]
    const event: Event = {
      event: name,
      event_id: signal.signalId,
      event_time: Math.floor(signal.occurredAt / 1000),
      user: {},
      properties: { ...properties },
    }
    if (signal.trackingId !== null && signal.trackingId !== '') {
      if (trackingName === undefined) event[trackingAt] = signal.trackingId
      else objectAt(event, [trackingAt])[trackingName] = signal.trackingId
    }
    if (signal.flags.length > 0) {
      const flags = objectAt(event, flagsAt)
      for (const flag of signal.flags) flags[flag] = profile.flags.value
    }
    return event
  }
}
