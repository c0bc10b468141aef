/** What became of a step, seen from outside: the simulator's list of what arrived and the counters of the stages. */
import type { Ready } from './pipeline.ts'

export interface Told {
  readonly event: string
  readonly user: { readonly ttclid?: string }
  readonly properties: Readonly<Record<string, unknown>>
}

/** Reasons for which nothing was told, in plain words. */
const words: Readonly<Record<string, string>> = {
  duplicate: 'the same message again: counted once',
  no_connection: 'nobody authorised this account: nothing of it is kept',
  outbound: "the shop's own words do not count",
  no_signal: 'no new conversation and no keyword',
  ignored_reaction: 'a reaction is no message',
  state_only: 'the ad is remembered: it drives what follows',
  paused: 'the connection is paused: its signals wait',
}

const counter = /^signals_outcomes_total\{(.*)\} (\d+)/gm
const label = (labels: string, name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? ''

/** Reason → how often, over all stages; forwarded outcomes are no reason. */
const reasonsNow = async ({ metrics }: Ready): Promise<Map<string, number>> => {
  const counts = new Map<string, number>()
  for (const url of Object.values(metrics)) {
    const text = await (await fetch(url)).text()
    for (const [, labels = '', value] of text.matchAll(counter)) {
      const reason = label(labels, 'reason')
      if (reason !== '' && label(labels, 'outcome') !== 'forwarded')
        counts.set(reason, (counts.get(reason) ?? 0) + Number(value))
    }
  }
  return counts
}

export class Watcher {
  readonly #ready: Ready
  #events = 0
  #reasons = new Map<string, number>()

  constructor(ready: Ready) {
    this.#ready = ready
  }

  /** What has come since the last call, once it has been quiet for a moment. */
  async settled(): Promise<{ told: Told[]; reasons: string[] }> {
    let told: Told[] = []
    let reasons: string[] = []
    const end = Date.now() + 5_000
    for (let quietSince = Date.now(); Date.now() < end; ) {
      const { events } = (await (await fetch(`${this.#ready.simulator}/_events?limit=10000`)).json()) as {
        events: { event: Told }[]
      }
      const counts = await reasonsNow(this.#ready)
      const newTold = events.slice(this.#events).map(({ event }) => event)
      const newReasons = [...counts]
        .filter(([reason, count]) => count > (this.#reasons.get(reason) ?? 0))
        .map(([reason]) => reason)
      if (newTold.length !== told.length || newReasons.length !== reasons.length) quietSince = Date.now()
      told = newTold
      reasons = newReasons
      const enough = told.length + reasons.length > 0 ? 400 : 1_500
      if (Date.now() - quietSince > enough) {
        this.#reasons = counts
        this.#events = events.length
        break
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return { told, reasons: reasons.map((reason) => words[reason] ?? reason) }
  }
}
