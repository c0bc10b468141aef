/** The console's status document: the stages' health reports, lag, connections without secrets, the last deliveries. */

import { decodable } from '../failures.ts'
import { readStatusPage } from '../runtime/adapters/read-status-page.ts'
import type { Clock, ConsumedRecord } from '../runtime/ports.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../shared/connections/directory.ts'
import { tokenState } from '../shared/connections/tokens/token-expiry.ts'
import type { Delivery } from '../shared/model/topic-values.ts'
import { mergeRefused, type RefusedDeliveries, refusedPath } from '../shared/refused/refused-deliveries.ts'
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
import { instanceState, processesOf } from './instance-states.ts'
import type { LagWatch } from './lag-watch.ts'
import { systemProblemsOf } from './problems.ts'
import type { InstanceProbe, StageInstances, StageProbes } from './stage-probes.ts'

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
  latest(count: number): readonly Delivery[] {
    return this.#all.slice(0, count)
  }
  of(connectionId: string, count: number): readonly Delivery[] {
    return this.#all.filter((one) => one.connectionId === connectionId).slice(0, count)
  }
}

const shownDeliveries = 50
const noBreakers: BreakerOverview = { open: 0, oldest: [] }

/** A connection's breaker is in one instance of dispatch, so instances add up. */
const breakersIn = (instances: readonly InstanceProbe[]): BreakerOverview =>
  instances
    .map(({ metrics }) => (metrics === null ? noBreakers : breakersOf(metrics)))
    .reduce((all, one) => ({ open: all.open + one.open, oldest: [...all.oldest, ...one.oldest] }), noBreakers)

/** What is out of reach says nothing of those that answer. */
const severity = ['out-of-reach', 'running', 'starting', 'stopping', 'waiting', 'halted', 'unreachable']

/** The instance that needs a person most. undefined: none is known. */
const worstOf = (instances: readonly InstanceProbe[]): InstanceProbe | undefined =>
  instances.toSorted((a, b) => severity.indexOf(instanceState(b)) - severity.indexOf(instanceState(a)))[0]

/** Those that may be sent STATUS_TOKEN. */
const trusted = (instances: readonly InstanceProbe[]) => instances.filter(({ isUnproven }) => !isUnproven)

const unconnectedAt = async (instances: StageInstances, token: string): Promise<readonly UnconnectedAccount[]> => {
  const urls = unconnectedSeers.flatMap((stage) => trusted(instances[stage]).map(({ url }) => url))
  return mergeUnconnected(await Promise.all(urls.map((url) => readStatusPage(url, unconnectedPath, token)))) ?? []
}

const refusedAt = async (instances: StageInstances, token: string): Promise<readonly RefusedDeliveries[]> =>
  mergeRefused(
    await Promise.all(trusted(instances.gateway).map(({ url }) => readStatusPage(url, refusedPath, token))),
  ) ?? []

export class StatusReader {
  readonly #probes: Pick<StageProbes, 'read'>
  readonly #lag: LagWatch
  readonly #exporter: Pick<Exporter, 'overview'>
  readonly #directory: ConnectionDirectory
  readonly #deliveries: RecentDeliveries
  readonly #clock: Pick<Clock, 'now'>
  readonly #statusToken: string

  constructor(options: {
    probes: Pick<StageProbes, 'read'>
    lag: LagWatch
    exporter: Pick<Exporter, 'overview'>
    directory: ConnectionDirectory
    deliveries: RecentDeliveries
    clock: Pick<Clock, 'now'>
    /** Bearer token of the status servers of gateway and ingest. */
    statusToken: string
  }) {
    this.#probes = options.probes
    this.#lag = options.lag
    this.#exporter = options.exporter
    this.#directory = options.directory
    this.#deliveries = options.deliveries
    this.#clock = options.clock
    this.#statusToken = options.statusToken
  }

  /** Accounts without a connection that sent something lately, newest first. */
  async unconnected(): Promise<readonly UnconnectedAccount[]> {
    return unconnectedAt(await this.#probes.read(), this.#statusToken)
  }

  /** What the gateways refused of a connection within a day, newest first. */
  async refusedOf(connectionId: string): Promise<readonly RefusedDeliveries[]> {
    const all = await refusedAt(await this.#probes.read(), this.#statusToken)
    return all.filter((one) => one.connectionId === connectionId)
  }

  /** @param viewer whose connections it shows */
  async read(viewer: Pick<Principal, 'tenant' | 'accounts'> = { tenant: null, accounts: null }) {
    const seesAll = viewer.tenant === null && viewer.accounts === null
    const all = this.#directory.all()
    const visible = seesAll ? all : all.filter((one) => seesConnection(viewer, one))
    const seen = new Set(seesAll ? [] : visible.map(({ connectionId }) => connectionId))
    const sees = ({ connectionId }: { readonly connectionId: string }) => seesAll || seen.has(connectionId)
    const now = this.#clock.now()
    const [overview, instances] = await Promise.all([this.#exporter.overview(), this.#probes.read()])
    const [unconnected, refused] = await Promise.all([
      seesAll ? unconnectedAt(instances, this.#statusToken) : [],
      refusedAt(instances, this.#statusToken),
    ])
    const breakers = breakersIn(instances.dispatch)
    const worst = stageNames.map((stage) => worstOf(instances[stage]))
    // Hosts and addresses are of the installation, and of no tenant.
    const processes = seesAll ? processesOf(instances) : []
    const groups = this.#lag.groups()
    const status = {
      ...overview,
      groups,
      control: processes.filter((each) => each.stage === 'control'),
      quarantined: instances.ingest.reduce((sum, { health }) => sum + Number(health?.details?.quarantined ?? 0), 0),
      breakers: { ...breakers, oldest: breakers.oldest.filter(sees) },
      stages: stageNames.map((stage, at) => {
        const one = worst[at]
        const report = one?.health
        const lag = groups.find((one) => one.stage === stage && one.lane === 'main')
        return {
          stage,
          instances: instances[stage].length,
          processes: processes.filter((each) => each.stage === stage),
          state: one === undefined ? 'unknown' : instanceState(one),
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
      // 10,000 of them every 2 s, so none is spread into another.
      connections: visible.map((connection) => ({
        connectionId: connection.connectionId,
        tenantId: connection.tenantId,
        source: connection.source,
        accountId: connection.accountId,
        advertiserId: connection.advertiserId,
        eventSetId: connection.eventSetId,
        status: connection.status,
        token: tokenState(connection, now),
      })),
    }
    return {
      ...status,
      problems: systemProblemsOf(status),
      deliveries: this.#deliveries.latest(shownDeliveries).filter(sees),
      // Accounts without a connection belong to no tenant.
      unconnected,
      refused: refused.filter(({ connectionId }) => seesAll || (connectionId !== null && seen.has(connectionId))),
    }
  }
}
