/**
 * Asks every instance of every stage for its health and its metrics, wherever they run. It knows them from a setting, from the state
 * file of `signals up`, and from what they say of themselves in Redis.
 */
import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import { runningState } from '../local/supervisor/state-file.ts'
import type { HealthReport } from '../runtime/health/health.ts'
import {
  type HeardProcess,
  isProven,
  type ProcessName,
  processNames,
  silentAfterMs,
} from '../runtime/health/heartbeats.ts'
import { DependencyError, type Timers } from '../runtime/ports.ts'
import { type StageName, stageNames } from '../topology.ts'

export interface InstanceProbe {
  /** Address of its metrics. */
  readonly url: string
  /** null: it does not answer. */
  readonly health: HealthReport | null
  readonly metrics: string | null
  /** What it says of itself in Redis; absent: a setting or the state file alone knows it. */
  readonly heard?: HeardProcess
  /** It was heard of just now, and its address, not one of this machine alone, has never answered here: it runs, in another network. */
  readonly isOutOfReach?: boolean
  /** Its heartbeat alone names its address, and does not show that it knows STATUS_TOKEN: it must not be sent there. */
  readonly isUnproven?: boolean
}

/** By stage; a stage that is not known has no instance. Control itself without its metrics, which cost it more than all others. */
export type StageInstances = Readonly<Record<StageName, readonly InstanceProbe[]>> & {
  readonly control?: readonly InstanceProbe[]
}

export interface StageProbeOptions {
  /** Of `signals up`, which writes addresses there. */
  readonly dataDir: string
  /** STAGE_METRICS_URLS; a host name with several addresses is as many instances. */
  readonly urls: Readonly<Partial<Record<StageName, string>>>
  readonly clock: Pick<Timers, 'after'>
  /** Who announces itself in Redis. @throws DependencyError */
  heartbeats?(): Promise<readonly HeardProcess[]>
  /** How long Redis may take; default 800 ms, after which the last heartbeats count. */
  readonly heartbeatsTimeoutMs?: number
  /** STATUS_TOKEN; empty: none is sent to anybody. */
  readonly statusToken?: string
}

const timeoutMs = 1_500
/** Redis answers within milliseconds. */
const shortMs = 800

const answerOf = async (url: string): Promise<string | null> => {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })).text()
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

const probe = async (url: string, withMetrics: boolean): Promise<InstanceProbe> => {
  const [health, metrics] = await Promise.all([
    answerOf(url.replace(/\/metrics$/, '/healthz')),
    withMetrics ? answerOf(url) : null,
  ])
  return { url, health: healthIn(health), metrics }
}

const isLoopback = (url: string) => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname)
/** At such an address this machine has another process, or none. */
const isElsewhere = ({ address, host }: HeardProcess) => isLoopback(address) && host !== hostname()

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

/** An instance whose address is known. */
interface Found {
  readonly url: string
  heard?: HeardProcess
  readonly isConfigured: boolean
  /** All addresses of its host. */
  readonly hrefs: readonly string[]
}

export class StageProbes {
  readonly #options: StageProbeOptions
  /** Why Redis did not say who runs; null: it did, or is not asked. */
  problem: string | null = null
  #heard: readonly HeardProcess[] = []
  /** Addresses that have answered: from then on, silence means that the process is down. */
  #answered: ReadonlySet<string> = new Set()

  constructor(options: StageProbeOptions) {
    this.#options = options
  }

  /** Addresses of the stages' metrics, by setting or state file. */
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
    const [addresses] = await Promise.all([this.addresses(), this.#listen()])
    const found = await Promise.all(
      processNames.map(async (name) => {
        const known = await this.#merged(name, name === 'control' ? [] : addresses[name])
        return [name, await Promise.all(known.map((one) => this.#ask(name, one)))] as const
      }),
    )
    const answering = found.flatMap(([, all]) => all).filter(({ health }) => health !== null)
    const known = new Set(found.flatMap(([, all]) => all.map(({ url }) => url)))
    this.#answered = new Set([...this.#answered, ...answering.map(({ url }) => url)].filter((url) => known.has(url)))
    return Object.fromEntries(found) as unknown as StageInstances
  }

  /** While Redis does not answer, who was heard of last still counts: Redis is one problem, not six. */
  async #listen(): Promise<void> {
    const { heartbeats, clock, heartbeatsTimeoutMs: timeout = shortMs } = this.#options
    if (!heartbeats) return
    const timedOut = Promise.withResolvers<never>()
    const why = `Redis does not answer within ${timeout} ms`
    const cancel = clock.after(timeout, () => timedOut.reject(new DependencyError('redis', why)))
    try {
      this.#heard = await Promise.race([heartbeats(), timedOut.promise])
      this.problem = null
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      this.problem = error.message
    } finally {
      cancel()
    }
  }

  /** Each instance once: a process at the address of another one has replaced it. */
  async #merged(name: ProcessName, configured: readonly string[]): Promise<readonly Found[]> {
    const found: Found[] = configured.map((url) => ({ url, isConfigured: true, hrefs: [new URL(url).href] }))
    // Newest first.
    for (const heard of this.#heard.filter(({ stage }) => stage === name)) {
      const { address, host } = heard
      const hrefs = isElsewhere(heard) ? [`${host} ${address}`] : await instancesOf(address)
      const same = found.find((one) => one.hrefs.some((href) => hrefs.includes(href)))
      if (!same) found.push({ url: address, heard, isConfigured: false, hrefs })
      else same.heard ??= heard
    }
    return found
  }

  async #ask(name: ProcessName, { url, heard, isConfigured }: Found): Promise<InstanceProbe> {
    const probed =
      heard && isElsewhere(heard) ? { url, health: null, metrics: null } : await probe(url, name !== 'control')
    if (!heard) return probed
    const isFresh = heard.silentMs <= silentAfterMs
    // What listens on this machine alone would answer here.
    const isHere = isLoopback(heard.address) && !isElsewhere(heard)
    return {
      ...probed,
      heard,
      isOutOfReach: !isConfigured && !isHere && probed.health === null && isFresh && !this.#answered.has(url),
      isUnproven: !isConfigured && !isProven(heard, this.#options.statusToken ?? ''),
    }
  }
}
