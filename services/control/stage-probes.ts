/** Asks every instance of every stage for its health and its metrics, wherever they run. */
import { lookup } from 'node:dns/promises'
import { runningState } from '../local/supervisor/state-file.ts'
import type { HealthReport } from '../runtime/health/health.ts'
import { type StageName, stageNames } from '../topology.ts'

export interface InstanceProbe {
  /** Address of its metrics. */
  readonly url: string
  /** null: it does not answer. */
  readonly health: HealthReport | null
  readonly metrics: string | null
}

/** By stage; a stage whose address is not known has no instance. */
export type StageInstances = Readonly<Record<StageName, readonly InstanceProbe[]>>

export interface StageProbeOptions {
  /** Of `signals up`, which writes addresses there. */
  readonly dataDir: string
  /** STAGE_METRICS_URLS; a host name with several addresses is as many instances. */
  readonly urls: Readonly<Partial<Record<StageName, string>>>
}

const timeoutMs = 1_500

const answerOf = async (url: string): Promise<string | null> => {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })).text()
  } catch {
    // Down or blocked: the overview shows the instance as unreachable.
    return null
  }
}

const healthIn = (text: string | null): HealthReport | null => {
  try {
    return text === null ? null : (JSON.parse(text) as HealthReport)
  } catch {
    // Something else answers at this address.
    return null
  }
}

const probe = async (url: string): Promise<InstanceProbe> => {
  const [health, metrics] = await Promise.all([answerOf(url.replace(/\/metrics$/, '/healthz')), answerOf(url)])
  return { url, health: healthIn(health), metrics }
}

/** One URL for each address of the host. An https certificate names the host, so that URL stays whole. */
const instancesOf = async (url: string): Promise<readonly string[]> => {
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') return [url]
  try {
    const all = await lookup(hostname, { all: true })
    // An instance with an address of each kind is one instance.
    const found = all.filter(({ family }) => family === all[0]?.family)
    return found.map(({ address, family }) => {
      const one = new URL(url)
      one.hostname = family === 6 ? `[${address}]` : address
      return one.href
    })
  } catch {
    // An unknown host is an instance that does not answer.
    return [url]
  }
}

export class StageProbes {
  readonly #options: StageProbeOptions
  constructor(options: StageProbeOptions) {
    this.#options = options
  }

  /** Addresses of the stages' metrics. */
  async addresses(): Promise<Readonly<Record<StageName, readonly string[]>>> {
    const { dataDir, urls } = this.#options
    const local = runningState(dataDir)?.addresses?.metrics ?? {}
    const found = await Promise.all(
      stageNames.map(async (stage) => {
        const url = urls[stage]
        const own = local[stage]
        return [stage, url === undefined ? (own === undefined ? [] : [own]) : await instancesOf(url)] as const
      }),
    )
    return Object.fromEntries(found) as Record<StageName, readonly string[]>
  }

  async read(): Promise<StageInstances> {
    const addresses = await this.addresses()
    const found = await Promise.all(
      stageNames.map(async (stage) => [stage, await Promise.all(addresses[stage].map(probe))] as const),
    )
    return Object.fromEntries(found) as unknown as StageInstances
  }
}
