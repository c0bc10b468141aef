/** A group member over several generations: joins, processes one generation, drains, rejoins. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConsumerOptions, DependencyError, type RunningConsumer } from '../../../../ports.ts'
import { toDependencyError } from '../../errors.ts'
import type { Fence } from '../../membership.ts'
import type { Cluster } from '../wire/cluster.ts'
import { type Generation, GroupMember, standingOf } from './group-member.ts'
import { Serving } from './serving.ts'

const firstPauseMs = 100
const longestPauseMs = 2_000
/** Consecutive failures before the consumer reports them; a moved coordinator causes one. */
const silentFailures = 2

class Consumer {
  readonly #cluster: Cluster
  readonly #options: ConsumerOptions
  readonly #fence: Fence
  readonly #group: GroupMember
  readonly #stopping = new AbortController()
  #serving: Serving | undefined
  #isUp: boolean | undefined
  #isAssigned = false

  constructor(cluster: Cluster, options: ConsumerOptions, fence: Fence) {
    this.#cluster = cluster
    this.#options = options
    this.#fence = fence
    this.#group = new GroupMember(cluster, options)
  }

  /** Resolves after `stop`. @throws the error that ends the consumer */
  async run(): Promise<void> {
    try {
      let failures = 0
      while (!this.#stopping.signal.aborted) {
        try {
          const generation = await this.#group.join()
          failures = 0
          await this.#serve(generation)
        } catch (error) {
          if (error instanceof Ended) throw error.cause
          if (this.#stopping.signal.aborted) break
          if (standingOf(error) === 'replaced') throw this.#replaced()
          failures++
          // A rejected member rejoins; operators need not see it.
          if (standingOf(error) === null && failures >= silentFailures) {
            this.#unassign()
            this.#down(toDependencyError(error).message)
          }
          await this.#pause(failures)
        }
      }
    } finally {
      await this.#group.leave().catch(() => {})
      await this.#group.close()
      this.#unassign()
      this.#down('stopped')
    }
  }

  stop(): void {
    this.#stopping.abort()
    this.#group.abandonJoin()
    this.#serving?.revoke()
  }

  async #serve(generation: Generation): Promise<void> {
    const serving = new Serving(this.#cluster, this.#group, generation, this.#options, {
      onConnection: (trouble) => {
        if (trouble === null) this.#up()
        else this.#down(toDependencyError(trouble).message)
      },
    })
    this.#serving = serving
    const unfence = this.#fence.add(() => serving.holdsExpired)
    try {
      // Before the first batch of the generation.
      this.#isAssigned = true
      this.#options.onAssigned?.(generation.partitions)
      const began = serving.begin()
      if (this.#stopping.signal.aborted) serving.revoke()
      await began
      this.#up()
      const end = await serving.over
      if (end.kind === 'failed') throw new Ended('ended', { cause: end.error })
      if (end.kind === 'replaced') throw new Ended('replaced', { cause: this.#replaced() })
      if (end.kind === 'lost') this.#unassign()
    } finally {
      await serving.drained()
      unfence()
      this.#serving = undefined
    }
  }

  #replaced(): DependencyError {
    const { group, instanceId } = this.#options
    return new DependencyError(
      'kafka',
      `another process is the member ${instanceId} of the group ${group}: give each instance of a stage a KAFKA_INSTANCE_ID of its own`,
    )
  }

  #unassign() {
    if (!this.#isAssigned) return
    this.#isAssigned = false
    this.#options.onAssigned?.([])
  }

  #up() {
    if (this.#isUp === true) return
    this.#isUp = true
    this.#options.onConnection?.('up')
  }

  /** The partitions stay those of the generation: after trouble with a fetch or a commit it goes on. */
  #down(reason: string) {
    if (this.#isUp === false) return
    this.#isUp = false
    this.#options.onConnection?.('down', reason)
  }

  async #pause(failures: number) {
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
    await sleep(pause, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }
}

/** Ends the consumer with its cause. */
class Ended extends Error {}

/** @throws DependencyError when the cluster is unreachable or has no such topic */
export const consume = async (cluster: Cluster, options: ConsumerOptions, fence: Fence): Promise<RunningConsumer> => {
  await cluster.metadata(options.topics, true)
  const consumer = new Consumer(cluster, options, fence)
  const ended = consumer.run()
  ended.catch(() => {})
  return {
    ended,
    stop: async () => {
      consumer.stop()
      await ended.catch(() => {})
    },
  }
}
