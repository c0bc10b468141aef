/** The overview of the console: what runs, how fast, every problem once, and as of when each figure is. */
import { errorFacts, type Logger } from '../../runtime/log.ts'
import { type Clock, DependencyError } from '../../runtime/ports.ts'
import { stageNames } from '../../topology.ts'
import type { Principal } from '../access/authenticator.ts'
import type { DeadLetterIndex } from '../dead-letters/dead-letter-index.ts'
import type { SystemProblem } from '../problems.ts'
import type { StageInstances, StageProbes } from '../stage-probes.ts'
import type { StatusReader } from '../status.ts'
import type { VersionCache } from '../versions/version-cache.ts'
import { ActivityWindow, type Scraped } from './activity.ts'
import { History, type StageSample } from './history.ts'
import { noticesOf } from './notices.ts'
import { type RefusedMapping, refusedMappingsOf } from './refused-mappings.ts'
import { FirstSeen, groupProblems } from './root-causes.ts'

type Status = Awaited<ReturnType<StatusReader['read']>>
type Viewer = Pick<Principal, 'tenant' | 'accounts'>

export interface OverviewTools {
  readonly status: Pick<StatusReader, 'read'>
  readonly probes: Pick<StageProbes, 'read'>
  readonly deadLetters: Pick<DeadLetterIndex, 'openByCode' | 'openCount' | 'refresh'>
  readonly versions: Pick<VersionCache, 'read' | 'known'>
  readonly clock: Pick<Clock, 'now'>
  /** Keeps samples, and what lists and rule sets hit, for longer than this process does. @throws DependencyError */
  keep?(stages: readonly StageSample[], scraped: readonly Scraped[]): Promise<void>
  readonly log: Pick<Logger, 'debug' | 'warn'>
}

const everything: Viewer = { tenant: null, accounts: null }
const shownDeliveries = 20
const shownAccounts = 20

const countsOf = (connections: Status['connections']) => {
  const byStatus: Record<string, number> = {}
  for (const { status } of connections) byStatus[status] = (byStatus[status] ?? 0) + 1
  return { total: connections.length, byStatus }
}

export class OverviewReader {
  readonly #tools: OverviewTools
  readonly #activity = new ActivityWindow()
  readonly #history = new History()
  readonly #firstSeen = new FirstSeen()
  #refusedMappings: readonly RefusedMapping[] = []
  /** When Kafka last answered, ms. */
  #kafkaAt: number | null = null

  constructor(tools: OverviewTools) {
    this.#tools = tools
  }

  /** Takes a sample of everything. Call it on a timer: rates, histories and first sights come from it. */
  async sample(): Promise<void> {
    const { probes, deadLetters, versions, clock } = this.#tools
    const [instances, status] = await Promise.all([
      probes.read(),
      this.#tools.status.read(everything),
      this.#known(deadLetters.refresh(), 'dead letters'),
      this.#known(versions.read(), 'versions of lists'),
    ])
    const now = clock.now()
    if (status.dependencies.kafka) this.#kafkaAt = now
    const scraped = this.#scraped(instances)
    this.#activity.add(now, scraped)
    this.#refusedMappings = refusedMappingsOf(instances)
    this.#firstSeen.update(this.#problemsOf(status), now)
    const stages = status.stages.map(({ stage, seconds, oldestUnprocessedSeconds }) => ({
      stage,
      perSecond: this.#activity.rateOf(stage).perSecond,
      // The gateway has no backlog: its age is that of its own unfinished work.
      ageSeconds: seconds ?? oldestUnprocessedSeconds,
    }))
    this.#history.add(now, stages)
    await this.#known(this.#tools.keep?.(stages, scraped) ?? Promise.resolve(), 'the history of a week')
  }

  /** @throws DependencyError */
  async read(viewer: Viewer) {
    const status = await this.#tools.status.read(viewer)
    const now = this.#tools.clock.now()
    if (status.dependencies.kafka) this.#kafkaAt = now
    const problems = groupProblems(this.#problemsOf(status), this.#firstSeen.of)
    const { connections, deliveries, unconnected, refused, problems: _, stages, ...rest } = status
    return {
      ...rest,
      at: now,
      /** While Kafka is away, lag and dead letters are as of this time, ms; null: never read. */
      kafkaAt: this.#kafkaAt,
      level: problems[0]?.severity ?? ('good' as const),
      problems,
      stages: stages.map((stage) => ({ ...stage, ...this.#activity.rateOf(stage.stage) })),
      openDeadLetters: this.#tools.deadLetters.openCount(),
      activity: this.#activity.activity(),
      connections: countsOf(connections),
      deliveries: deliveries.slice(0, shownDeliveries),
      unconnected: unconnected.slice(0, shownAccounts),
      refused: refused.slice(0, shownAccounts),
      history: this.#history.all(),
    }
  }

  #problemsOf(status: Status): readonly SystemProblem[] {
    const { versions, deadLetters } = this.#tools
    const lists = versions.known()?.keywordLists
    const facts = {
      connections: status.connections,
      unconnected: status.unconnected.length,
      refused: status.refused,
      now: this.#tools.clock.now(),
      openDeadLetters: deadLetters.openCount(),
      openByCode: deadLetters.openByCode(),
      activity: this.#activity.activity(),
      keywordLists: lists?.ids().length ?? null,
      shadowOnly: lists?.ids().filter((id) => lists.active(id) === undefined) ?? [],
      refusedMappings: this.#refusedMappings,
      notHeardOf: status.stages.filter(({ state }) => state === 'unknown').map(({ stage }) => stage),
      processes: [...status.stages.flatMap(({ processes }) => processes), ...status.control],
    }
    return [...status.problems, ...noticesOf(facts)]
  }

  #scraped(instances: StageInstances) {
    return stageNames.flatMap((stage) =>
      instances[stage].flatMap(({ url, metrics }) =>
        metrics === null ? [] : [{ stage, address: url, text: metrics }],
      ),
    )
  }

  /** What Kafka does not answer stays as it was known. */
  #known(work: Promise<unknown>, what: string): Promise<unknown> {
    return work.catch((error: unknown) => {
      const { log } = this.#tools
      const message = `${what} could not be read`
      if (error instanceof DependencyError) log.debug(errorFacts(error), message)
      else log.warn(errorFacts(error), message)
    })
  }
}
