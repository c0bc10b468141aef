/** What the console shows, gathered: the stages' own reports, lag, connections without secrets, the last deliveries. */
import type { ConnectionDirectory } from '../connections/directory.ts'
import { readLag } from '../local/lag.ts'
import { runningState } from '../local/state-file.ts'
import type { Delivery } from '../model/topic-values.ts'
import type { HealthReport } from '../runtime/health.ts'
import type { Broker } from '../runtime/ports.ts'
import { stageNames } from '../topology.ts'

/** The last ones, newest first. */
export class RecentDeliveries {
  readonly #most: number
  readonly #all: Delivery[] = []
  constructor(most: number) {
    this.#most = most
  }
  add(delivery: Delivery) {
    this.#all.unshift(delivery)
    if (this.#all.length > this.#most) this.#all.length = this.#most
  }
  all(): readonly Delivery[] {
    return this.#all
  }
}

const healthOf = async (metricsUrl: string | undefined): Promise<HealthReport | null> => {
  if (!metricsUrl) return null
  try {
    return (await (
      await fetch(metricsUrl.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(1_000) })
    ).json()) as HealthReport
  } catch {
    // Down or hanging: shown as unreachable.
    return null
  }
}

const lagMaxAgeMs = 5_000

export class StatusReader {
  readonly #dataDir: string
  readonly #broker: Broker
  readonly #directory: ConnectionDirectory
  readonly #deliveries: RecentDeliveries
  #lag: { at: number; value: ReturnType<typeof readLag> } | undefined

  constructor(options: {
    dataDir: string
    broker: Broker
    directory: ConnectionDirectory
    deliveries: RecentDeliveries
  }) {
    this.#dataDir = options.dataDir
    this.#broker = options.broker
    this.#directory = options.directory
    this.#deliveries = options.deliveries
  }

  async read(now: number) {
    const metrics = runningState(this.#dataDir)?.addresses?.metrics ?? {}
    const [lag, ...reports] = await Promise.all([
      this.#lagAt(now),
      ...stageNames.map((stage) => healthOf(metrics[stage])),
    ])
    return {
      stages: stageNames.map((stage, at) => {
        const report = reports[at]
        const own = lag.filter((one) => one.stage === stage)
        return {
          stage,
          state: report?.state ?? 'unreachable',
          reason: report?.reason ?? null,
          healthy: report?.healthy ?? false,
          oldestUnprocessedSeconds: report?.oldestUnprocessedSeconds ?? null,
          messages: own.length === 0 ? null : own.reduce((sum, { messages }) => sum + messages, 0),
          seconds: own.length === 0 ? null : Math.max(...own.map(({ seconds }) => seconds)),
        }
      }),
      connections: this.#directory
        .all()
        .map(({ connectionId, tenantId, source, accountId, advertiserId, eventSetId, status }) => ({
          ...{ connectionId, tenantId, source, accountId, advertiserId, eventSetId, status },
        })),
      deliveries: this.#deliveries.all(),
    }
  }

  /** Shared by all who look within five seconds: every look costs the broker. */
  #lagAt(now: number) {
    if (!this.#lag || now - this.#lag.at > lagMaxAgeMs) {
      const value = readLag(this.#broker, now)
      value.catch(() => {
        this.#lag = undefined
      })
      this.#lag = { at: now, value }
    }
    return this.#lag.value
  }
}
