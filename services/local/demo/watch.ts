/** Observes the effect of a demo step: the events in the simulator's list and the stages' outcome counters. */
import { systemClock } from '../../runtime/clock.ts'
import type { Ready } from './pipeline.ts'

/** A track event as the simulator received it. */
export interface TikTokEvent {
  readonly event: string
  readonly user: { readonly ttclid?: string }
  readonly properties: Readonly<Record<string, unknown>>
}

/** Explains the reasons for which a message gave no signal. */
const explanations: Readonly<Record<string, string>> = {
  duplicate: 'the same message again: it counts once',
  no_connection: 'the account has no connection: nothing is stored',
  outbound: "the shop's own messages give no signals",
  no_signal: 'no new conversation, no keyword, and no rule that fires',
  ignored_reaction: 'a reaction is not a message',
  state_only: 'the ad is stored: the next signals are attributed to it',
  paused: 'the connection is paused: its signals wait',
}

const counter = /^signals_outcomes_total\{(.*)\} (\d+)/gm
/** The gateway keeps nothing of these, so no stage counts an outcome; those by Kafka ingest counts as dropped, too. */
const unconnected = /^signals_accounts_unconnected_total\{.*\} (\d+)/gm
const label = (labels: string, name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? ''

/** Counts per reason, summed over all stages, without forwarded outcomes. */
const countsByReason = async ({ metrics }: Ready): Promise<Map<string, number>> => {
  const counts = new Map<string, number>()
  for (const [process, url] of Object.entries(metrics)) {
    const text = await (await fetch(url)).text()
    for (const [, labels = '', value] of text.matchAll(counter)) {
      const reason = label(labels, 'reason')
      if (reason !== '' && label(labels, 'outcome') !== 'forwarded')
        counts.set(reason, (counts.get(reason) ?? 0) + Number(value))
    }
    for (const [, value] of process === 'gateway' ? text.matchAll(unconnected) : [])
      counts.set('no_connection', (counts.get('no_connection') ?? 0) + Number(value))
  }
  return counts
}

const pollIntervalMs = 50
const timeoutMs = 5_000
/** Quiet time after which a step counts as finished: shorter once it had an effect. */
const quietMs = { withEffect: 400, withoutEffect: 1_500 }

export class Watcher {
  readonly #ready: Ready
  #events = 0
  #counts = new Map<string, number>()

  constructor(ready: Ready) {
    this.#ready = ready
  }

  /** Waits until nothing new happens, then returns the events and explanations since the last call. */
  async untilQuiet(): Promise<{ events: TikTokEvent[]; reasons: string[] }> {
    let events: TikTokEvent[] = []
    let reasons: string[] = []
    const end = Date.now() + timeoutMs
    for (let quietSince = Date.now(); Date.now() < end; ) {
      const received = (await (await fetch(`${this.#ready.simulator}/_events?limit=10000`)).json()) as {
        events: { event: TikTokEvent }[]
      }
      const counts = await countsByReason(this.#ready)
      const newEvents = received.events.slice(this.#events).map(({ event }) => event)
      const newReasons = [...counts]
        .filter(([reason, count]) => count > (this.#counts.get(reason) ?? 0))
        .map(([reason]) => reason)
      if (newEvents.length !== events.length || newReasons.length !== reasons.length) quietSince = Date.now()
      events = newEvents
      reasons = newReasons
      const hasEffect = events.length + reasons.length > 0
      if (Date.now() - quietSince > (hasEffect ? quietMs.withEffect : quietMs.withoutEffect)) {
        this.#counts = counts
        this.#events = received.events.length
        break
      }
      await systemClock.sleep(pollIntervalMs)
    }
    return { events, reasons: reasons.map((reason) => explanations[reason] ?? reason) }
  }
}
