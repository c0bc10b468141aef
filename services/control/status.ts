/** The console's status document: the stages' health reports, lag, connections without secrets, the last deliveries. */

import { decodable } from '../failures.ts'
import { runningState } from '../local/supervisor/state-file.ts'
import { readStatusPage } from '../runtime/adapters/read-status-page.ts'
import type { HealthReport } from '../runtime/health/health.ts'
import type { Clock, ConsumedRecord } from '../runtime/ports.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../shared/connections/directory.ts'
import { tokenState } from '../shared/connections/tokens/token-expiry.ts'
import type { Delivery } from '../shared/model/topic-values.ts'
import {
  mergeUnconnected,
  type UnconnectedAccount,
  unconnectedPath,
  unconnectedSeers,
} from '../shared/unconnected/account.ts'
import { stageNames } from '../topology.ts'
import type { Principal } from './access/authenticator.ts'
import { seesConnection } from './access/visible-connections.ts'
import { type BreakerOverview, breakersOf } from './breakers.ts'
import type { Exporter } from './exporter.ts'
import type { LagWatch } from './lag-watch.ts'
import { systemProblemsOf } from './problems.ts'

/** The newest deliveries, newest first. */
export class RecentDeliveries {
  readonly #capacity: number
  readonly #all: Delivery[] = []
  constructor(capacity: number) {
    this.#capacity = capacity
  }
  add(delivery: Delivery) {
    this.#all.unshift(delivery)
    if (this.#all.length > this.#capacity) this.#all.length = this.#capacity
  }
  /** Records of `deliveries.v1`. One that does not decode is left out: it must not hide those after it. @throws DependencyError */
  async addRecords(records: readonly ConsumedRecord[], codec: Pick<Codec, 'prepare' | 'decode'>): Promise<void> {
    await codec.prepare(records)
    for (const record of records) {
      const delivery = decodable(() => codec.decode('deliveries', record))
      if (delivery) this.add(delivery)
    }
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
    // Down or blocked: the page shows the stage as unreachable.
    return null
  }
}

const noBreakers: BreakerOverview = { open: 0, oldest: [] }

const breakersAt = async (metricsUrl: string | undefined): Promise<BreakerOverview> => {
  if (!metricsUrl) return noBreakers
  try {
    return breakersOf(await (await fetch(metricsUrl, { signal: AbortSignal.timeout(1_500) })).text())
  } catch {
    // Dispatch is down: the page shows the stage as unreachable.
    return noBreakers
  }
}

const unconnectedAt = async (
  metrics: Readonly<Record<string, string>>,
  token: string,
): Promise<readonly UnconnectedAccount[]> => {
  const urls = unconnectedSeers.flatMap((process) => metrics[process] ?? [])
  return mergeUnconnected(await Promise.all(urls.map((url) => readStatusPage(url, unconnectedPath, token)))) ?? []
}

export class StatusReader {
  readonly #dataDir: string
  readonly #lag: LagWatch
  readonly #exporter: Pick<Exporter, 'overview'>
  readonly #directory: ConnectionDirectory
  readonly #deliveries: RecentDeliveries
  readonly #clock: Pick<Clock, 'now'>
  readonly #statusToken: string

  constructor(options: {
    dataDir: string
    lag: LagWatch
    exporter: Pick<Exporter, 'overview'>
    directory: ConnectionDirectory
    deliveries: RecentDeliveries
    clock: Pick<Clock, 'now'>
    /** Bearer token of the status servers of gateway and ingest. */
    statusToken: string
  }) {
    this.#dataDir = options.dataDir
    this.#lag = options.lag
    this.#exporter = options.exporter
    this.#directory = options.directory
    this.#deliveries = options.deliveries
    this.#clock = options.clock
    this.#statusToken = options.statusToken
  }

  /** Accounts without a connection that sent something lately, newest first. */
  unconnected(): Promise<readonly UnconnectedAccount[]> {
    return unconnectedAt(runningState(this.#dataDir)?.addresses?.metrics ?? {}, this.#statusToken)
  }

  /** @param viewer whose connections it shows */
  async read(viewer: Pick<Principal, 'tenant' | 'accounts'> = { tenant: null, accounts: null }) {
    const seesAll = viewer.tenant === null && viewer.accounts === null
    const seen = new Map(
      this.#directory
        .all()
        .filter((one) => seesConnection(viewer, one))
        .map((connection) => [connection.connectionId, connection]),
    )
    const sees = ({ connectionId }: { readonly connectionId: string }) => seesAll || seen.has(connectionId)
    const metrics = runningState(this.#dataDir)?.addresses?.metrics ?? {}
    const [overview, breakers, unconnected, ...reports] = await Promise.all([
      this.#exporter.overview(),
      breakersAt(metrics.dispatch),
      unconnectedAt(metrics, this.#statusToken),
      ...stageNames.map((stage) => healthOf(metrics[stage])),
    ])
    const groups = this.#lag.groups()
    const status = {
      ...overview,
      groups,
      quarantined: Number(reports[stageNames.indexOf('ingest')]?.details?.quarantined ?? 0),
      breakers: { ...breakers, oldest: breakers.oldest.filter(sees) },
      stages: stageNames.map((stage, at) => {
        const report = reports[at]
        const lag = groups.find((one) => one.stage === stage && one.lane === 'main')
        return {
          stage,
          state: report?.state ?? 'unreachable',
          reason: report?.reason ?? null,
          healthy: report?.healthy ?? false,
          oldestUnprocessedSeconds: report?.oldestUnprocessedSeconds ?? null,
          messages: lag?.messages ?? null,
          seconds: lag?.seconds ?? null,
          // While Kafka is down the page keeps the last lag, but its trend is unknown.
          trendPerSecond: overview.dependencies.kafka ? (lag?.trendPerSecond ?? null) : null,
          catchUpSeconds: overview.dependencies.kafka ? (lag?.catchUpSeconds ?? null) : null,
        }
      }),
      connections: Array.from(seen.values(), (connection) => {
        const { connectionId, tenantId, source, accountId, advertiserId, eventSetId, status } = connection
        return {
          ...{ connectionId, tenantId, source, accountId, advertiserId, eventSetId, status },
          token: tokenState(connection, this.#clock.now()),
        }
      }),
    }
    return {
      ...status,
      problems: systemProblemsOf(status),
      deliveries: this.#deliveries.all().filter(sees),
      // Accounts without a connection belong to no tenant.
      unconnected: seesAll ? unconnected : [],
    }
  }
}
