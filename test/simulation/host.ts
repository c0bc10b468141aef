/**
 * A simulated process: it can be killed, stopped (SIGSTOP) and continued. Its calls leave at once or, when it is stopped between a check
 * and its write, much later; their answers reach it only while it runs.
 */
import { membershipTimes } from '../../services/runtime/adapters/kafka/membership.ts'
import {
  type Broker,
  type ConsumedRecord,
  DependencyError,
  type OffsetRange,
  type Producer,
  type RecordBatch,
  type RedisCommands,
} from '../../services/runtime/ports.ts'
import type { SimulatedRedisServer } from '../support/simulated-redis.ts'
import type { Assignment, SimulatedKafka } from './kafka.ts'
import { LateCommits } from './late-commits.ts'
import type { Simulated } from './time.ts'

const { heartbeatMs, sessionMs } = membershipTimes

type OnBatch = (batch: RecordBatch) => Promise<{ processed: number; pauseMs: number }>

export interface Subscription {
  readonly group: string
  /** Topics whose partitions of one number are processed one batch at a time, each with its delay, ms. */
  readonly topics: ReadonlyMap<string, number>
  readonly onBatch: OnBatch
  onAssigned(): void
  /** Time until which deferred records of the topic are due before their time, ms. */
  releasedUntil(topic: string): number
}

interface TopicRecords {
  readonly topic: string
  readonly records: readonly ConsumedRecord[]
}

const maxBatchRecords = 8
/** How long a record may lie in the log before a member has it. */
const maxFetchMs = 1_000
const idleMs = 1_000
/** As the stages ask for it. */
const commitIntervalMs = 100

/** Each false: as before the mend. */
export interface HostMends {
  /** Publishing and saving ask whether the session is over (decision 055). */
  readonly isFenced: boolean
  /** Records that come round again are processed after those written to the main topic before they fell due (decision 105). */
  readonly isOrdered: boolean
}

export class Host {
  readonly name: string
  readonly #time: Simulated
  readonly #kafka: SimulatedKafka
  readonly #redis: SimulatedRedisServer
  readonly #mends: HostMends
  #isAlive = true
  #stoppedUntil = 0
  /** The next call leaves this much later, ms. */
  #delayNextCall = 0
  #delayNextSave = 0
  readonly #held: (() => void)[] = []
  readonly #busyUntil = new Map<string, number>()
  readonly #sessions = new Set<() => boolean>()
  readonly #draining = new AbortController()

  constructor(name: string, time: Simulated, kafka: SimulatedKafka, redis: SimulatedRedisServer, mends: HostMends) {
    this.name = name
    this.#time = time
    this.#kafka = kafka
    this.#redis = redis
    this.#mends = mends
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  kill(): void {
    this.#isAlive = false
    this.#kafka.gone(this.name)
  }

  /** @param before stops right before its next call leaves, or the next that saves conversations; `now`: at once */
  stop(ms: number, before: 'now' | 'call' | 'save'): void {
    if (before === 'call') this.#delayNextCall = ms
    else if (before === 'save') this.#delayNextSave = ms
    else this.#stopFor(ms)
  }

  #stopFor(ms: number): void {
    this.#stoppedUntil = Math.max(this.#stoppedUntil, this.#time.now + ms)
    this.#time.after(ms, () => this.#continue())
  }

  #continue(): void {
    if (this.#time.now < this.#stoppedUntil) return
    for (const run of this.#held.splice(0)) run()
  }

  /** Runs code of the process: now, after it continues, or never. */
  #run(code: () => void): void {
    if (!this.#isAlive) return
    if (this.#time.now < this.#stoppedUntil) this.#held.push(() => this.#run(code))
    else code()
  }

  /** A request: the work happens at the server, also when the process has died meanwhile. */
  call<T>(work: () => T, isReachable: () => boolean = () => true, dependency: 'kafka' | 'redis' = 'kafka'): Promise<T> {
    const { random } = this.#time
    return new Promise((resolve, reject) => {
      const fail = () => this.#run(() => reject(new DependencyError(dependency, 'away')))
      const delay = this.#delayNextCall
      if (delay > 0) {
        this.#delayNextCall = 0
        this.#stopFor(delay)
      }
      this.#inOrder(dependency, delay + random.between(0, 4), () => {
        if (delay > 0 && !this.#isAlive) return
        if (!isReachable()) return this.#time.after(1, fail)
        let answer: T
        try {
          answer = work()
        } catch (error) {
          return this.#time.after(1, () => this.#run(() => reject(error)))
        }
        this.#inOrder(`${dependency} answers`, random.between(0, 4), () =>
          isReachable() ? this.#run(() => resolve(answer)) : fail(),
        )
      })
    })
  }

  /** Requests on one connection, and their answers, do not overtake each other. */
  #inOrder(connection: string, ms: number, run: () => void): void {
    const at = Math.max(this.#time.now + ms, this.#busyUntil.get(connection) ?? 0)
    this.#busyUntil.set(connection, at)
    this.#time.after(at - this.#time.now, run)
  }

  readonly clock = {
    now: () => this.#time.now,
    monotonic: () => this.#time.elapsed,
    sleep: (ms: number) => new Promise<void>((resolve) => this.#time.after(ms, () => this.#run(resolve))),
  }

  get redis(): RedisCommands {
    const server = this.#redis
    const client = server.client((work) => {
      const { disconnects } = server
      return this.call(work, () => !server.isAway && server.disconnects === disconnects, 'redis')
    })
    const evalMany: RedisCommands['evalMany'] = (script, calls) => {
      if (script.name === 'saveStates' && calls.length > 0 && this.#delayNextSave > 0) {
        this.#delayNextCall = this.#delayNextSave
        this.#delayNextSave = 0
      }
      return client.evalMany(script, calls)
    }
    // A getter of the client, which spreading would freeze.
    return Object.defineProperty({ ...client, evalMany }, 'disconnects', { get: () => server.disconnects })
  }

  readonly producer: Producer = {
    send: async (records) => {
      if (this.#mends.isFenced && [...this.#sessions].some((holdsExpired) => holdsExpired()))
        throw new DependencyError('kafka', 'fenced')
      await this.call(() => this.#kafka.append(records), this.#isKafkaThere)
    },
    close: async () => {},
  }

  readonly #isKafkaThere = () => !this.#kafka.isAway

  readonly broker: Pick<Broker, 'offsetsAt' | 'read' | 'progress'> = {
    offsetsAt: (topic, time) =>
      this.call(() => {
        const at = (partition: number) => {
          const log = this.#kafka.log(topic, partition)
          const first = log.findIndex(({ timestamp }) => timestamp >= time)
          return BigInt(first < 0 ? log.length : first)
        }
        return new Map(Array.from({ length: this.#kafka.partitions }, (_, n) => [n, at(n)]))
      }, this.#isKafkaThere),
    read: async (topic: string, ranges: readonly OffsetRange[], onRecords) => {
      for (const { partition, from, to } of ranges) {
        for (let at = Number(from); at < Number(to); at += 20) {
          const end = Math.min(Number(to), at + 20)
          await onRecords(await this.call(() => this.#kafka.log(topic, partition).slice(at, end), this.#isKafkaThere))
        }
      }
    },
    progress: (groups) =>
      this.call(
        () =>
          groups.map(({ group, topic }) =>
            Array.from({ length: this.#kafka.partitions }, (_, partition) => ({
              partition,
              low: 0n,
              high: BigInt(this.#kafka.log(topic, partition).length),
              committed: this.#kafka.committed(group, topic, partition),
            })),
          ),
        this.#isKafkaThere,
      ),
  }

  /** A member of a group, until the process is killed. */
  async consume(subscription: Subscription): Promise<never> {
    for (;;) {
      try {
        await this.#serve(subscription, await this.#join(subscription.group))
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error
        await this.clock.sleep(500)
      }
    }
  }

  #join(group: string): Promise<Assignment> {
    return new Promise((resolve, reject) => {
      this.call(
        () =>
          this.#kafka.join(group, this.name, (assignment) =>
            this.#time.after(2, () => this.#run(() => resolve(assignment))),
          ),
        this.#isKafkaThere,
      ).catch(reject)
    })
  }

  async #serve(
    { group, topics, onBatch, onAssigned, releasedUntil }: Subscription,
    { generation, partitions }: Assignment,
  ): Promise<void> {
    let heardAt = this.#time.elapsed
    let isLost = false
    let isOver = false
    const batches = new Set<Promise<void>>()
    let isDrained = false
    const isStale = () => isLost || this.#time.elapsed - heardAt > sessionMs
    const holdsExpired = () => batches.size > 0 && isStale()
    this.#sessions.add(holdsExpired)
    onAssigned()
    const commits = new LateCommits(this.#time, commitIntervalMs, async (places) => {
      while (!isStale()) {
        const sentAt = this.#time.elapsed
        const isKnown = await this.call(
          () => this.#kafka.commit(group, this.name, generation, places),
          this.#isKafkaThere,
        ).catch(() => null)
        if (isKnown) heardAt = Math.max(heardAt, sentAt)
        if (isKnown === false) isLost = isOver = true
        if (isKnown !== null) return
        await this.clock.sleep(200)
      }
    })
    const beat = async () => {
      const sentAt = this.#time.elapsed
      if (isStale()) isLost = true
      const answer = isLost
        ? 'lost'
        : await this.call(() => this.#kafka.heartbeat(group, this.name, generation), this.#isKafkaThere).catch(
            () => null,
          )
      if (answer === 'known' || answer === 'rebalancing') heardAt = Math.max(heardAt, sentAt)
      if (answer === 'lost') isLost = true
      if (answer === 'lost' || answer === 'rebalancing') isOver = true
    }
    const beating = (async () => {
      while (!isDrained) {
        await this.clock.sleep(heartbeatMs)
        await beat()
      }
    })()
    const positions = await this.#untilThere(() => {
      const ofTopics = (partition: number) =>
        Array.from(topics.keys(), (topic) => [topic, this.#kafka.committed(group, topic, partition)] as const)
      return new Map(partitions.map((partition) => [partition, new Map(ofTopics(partition))]))
    })
    const processBatch = async (partition: number, { topic, records }: TopicRecords) => {
      const { processed } = await onBatch({
        topic,
        partition,
        records,
        highWatermark: BigInt(this.#kafka.log(topic, partition).length),
        isStale: this.#mends.isFenced ? isStale : () => isLost,
        signal: this.#draining.signal,
      })
      const end = (records[processed - 1]?.offset ?? -1n) + 1n
      if (isStale()) isLost = isOver = true
      if (processed === 0 || isLost) return
      positions.get(partition)?.set(topic, end)
      commits.add({ topic, partition, next: end })
    }
    const served = Promise.withResolvers<void>()
    const idle = new Set(partitions)
    /** All in one turn, as a fetch brings records of several partitions: the stage may process them as one. */
    const offer = () => {
      for (const partition of idle) {
        if (isOver) return
        const next = this.#nextRecords(topics, partition, positions.get(partition) ?? new Map(), releasedUntil)
        if (!next) continue
        idle.delete(partition)
        const batch = processBatch(partition, next)
          .finally(() => batches.delete(batch))
          .then(() => {
            idle.add(partition)
            offer()
          })
          .catch(served.reject)
        batches.add(batch)
      }
    }
    const fetching = async () => {
      while (!isOver) {
        offer()
        await new Promise<void>((resolve) => this.#kafka.onAppended(idleMs, () => this.#run(resolve)))
      }
      await Promise.all(batches)
    }
    fetching().then(served.resolve, served.reject)
    await served.promise
    await commits.flush()
    isDrained = true
    await beating
    this.#sessions.delete(holdsExpired)
  }

  async #untilThere<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return await this.call(work, this.#isKafkaThere)
      } catch {
        await this.clock.sleep(500)
      }
    }
  }

  #nextRecords(
    topics: ReadonlyMap<string, number>,
    partition: number,
    positions: ReadonlyMap<string, bigint>,
    releasedUntil: Subscription['releasedUntil'],
  ): TopicRecords | null {
    const { random } = this.#time
    if (this.#kafka.isAway) return null
    const [main = ''] = topics.keys()
    // A later record is due once the main topic is processed up to then, as far as it was fetched.
    const oldest = this.#kafka.log(main, partition)[Number(positions.get(main) ?? 0n)]?.timestamp
    const isFetched = oldest !== undefined && oldest <= this.#time.now - random.between(0, maxFetchMs)
    const until = isFetched && this.#mends.isOrdered ? oldest : this.#time.now + 1
    const due = Array.from(topics, ([topic, delayMs]) => {
      const at = Number(positions.get(topic) ?? 0n)
      const some = this.#kafka.log(topic, partition).slice(at, at + random.between(1, maxBatchRecords))
      const end = topic === main ? this.#time.now + 1 : until
      const early = some.findIndex(({ timestamp }) => timestamp + delayMs >= end && timestamp > releasedUntil(topic))
      return { topic, records: early < 0 ? some : some.slice(0, early) }
    }).filter(({ records }) => records.length > 0)
    return due.length === 0 ? null : random.pick(due)
  }
}
