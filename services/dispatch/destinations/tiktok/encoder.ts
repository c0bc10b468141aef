/** Encodes signals as events by a profile, which is compiled once. */
import { hash } from 'node:crypto'
import type { Signal } from '../../../shared/model/topic-values.ts'
import { hashed } from './hashing.ts'
import type { Profile } from './profile.ts'
import { verbatimNumber } from './verbatim-number.ts'

type Event = Record<string, unknown>
type Put = (event: Event, value: unknown) => void

const objectAt = (event: Event, [first, second]: readonly string[]): Event => {
  const outer = event[first as string] as Event | undefined
  const holder = outer ?? {}
  event[first as string] = holder
  if (second === undefined) return holder
  holder[second] ??= {}
  return holder[second] as Event
}

const putAt = (path: string): Put => {
  const [at, name] = path.split('.') as [string, string | undefined]
  if (name === undefined)
    return (event, value) => {
      event[at] = value
    }
  return (event, value) => {
    objectAt(event, [at])[name] = value
  }
}

/** One entry of `data`. `event_time` is the message's own time, in whole seconds. */
export const eventEncoder = ({ events, trackingId, constants, flags }: Profile): ((signal: Signal) => Event) => {
  const putTracking = putAt(trackingId.at)
  const fixed = constants.map(({ at, value, hash: way }) => ({
    put: putAt(at),
    value: way === 'none' ? value : hashed(String(value), way),
  }))
  const flagsAt = flags.at.split('.')
  const flagEventName = (signal: Signal): string | undefined =>
    flags.encoding === 'event_per_flag' ? flags.eventNames[signal.flags[0] ?? ''] : undefined
  const outcome = events.outcome && {
    properties: events.outcome.properties,
    putValue: putAt(events.outcome.value),
    putCurrency: putAt(events.outcome.currency),
  }
  const outcomeEvent = ({ signalId, event }: Signal) => {
    if (outcome === undefined || event === null)
      throw new Error(`signal ${signalId} is an outcome, which the wire profile has no form for`)
    return { name: event, properties: outcome.properties }
  }
  return (signal) => {
    const { name, properties } = signal.kind === 'outcome' ? outcomeEvent(signal) : events[signal.kind]
    const own = flagEventName(signal)
    const event: Event = {
      event: own ?? name,
      event_id: signal.signalId,
      event_time: Math.floor(signal.occurredAt / 1000),
      user: {},
      properties: { ...properties },
    }
    for (const { put, value } of fixed) put(event, value)
    if (signal.trackingId !== null && signal.trackingId !== '') {
      putTracking(event, hashed(signal.trackingId, trackingId.hash))
    }
    if (signal.value !== null) {
      outcome?.putValue(event, verbatimNumber(signal.value))
      if (signal.currency !== null) outcome?.putCurrency(event, signal.currency)
    }
    if (own === undefined && signal.flags.length > 0) {
      const holder = objectAt(event, flagsAt)
      for (const flag of signal.flags) holder[flag] = flags.value
    }
    return event
  }
}

/**
 * The events that a signal is sent as; undefined: one event, the signal itself. An event's id follows from the signal's id and the flag,
 * even for a single flag. Otherwise a list that later finds a second flag in the message would turn the first into a new event.
 */
export const partsOf = ({ flags }: Profile): ((signal: Signal) => readonly Signal[]) | undefined => {
  if (flags.encoding !== 'event_per_flag') return undefined
  return (signal) => {
    if (signal.flags.length === 0) return [signal]
    return signal.flags.map((flag) => ({
      ...signal,
      signalId: hash('sha256', `${signal.signalId}/${flag}`, 'hex').slice(0, signal.signalId.length),
      flags: [flag],
    }))
  }
}

/** Body of one call, for events of one event set. A test code of the connection takes the place of the profile's. */
export const callEncoder = (profile: Profile) => {
  const encode = eventEncoder(profile)
  const { eventSource, partnerName } = profile
  return (eventSetId: string, parts: readonly Signal[], ownTestCode: string | null = null): string => {
    const testEventCode = ownTestCode ?? profile.testEventCode
    return JSON.stringify({
      event_source: eventSource,
      event_source_id: eventSetId,
      ...(partnerName === undefined ? {} : { partner_name: partnerName }),
      ...(testEventCode === undefined ? {} : { test_event_code: testEventCode }),
      data: parts.map(encode),
    })
  }
}
