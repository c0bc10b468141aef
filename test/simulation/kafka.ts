/** Simulated Kafka: logs, committed offsets, and groups with sessions, generations and rebalances. Times are the broker's, ms. */
import { membershipTimes } from '../../services/runtime/adapters/kafka/membership.ts'
import type { ConsumedRecord, ProducerRecord } from '../../services/runtime/ports.ts'
import type { Place } from './late-commits.ts'
import type { Simulated } from './time.ts'

const { rebalanceMs, sessionMs } = membershipTimes

export interface Assignment {
  readonly generation: number
  /** Numbers of partitions, the same of all topics. */
  readonly partitions: readonly number[]
}

interface Member {
  heardAt: number
  /** Answers the member's join. */
  join: ((assignment: Assignment) => void) | null
}

interface Group {
  generation: number
  isRebalancing: boolean
  deadline: number
  readonly members: Map<string, Member>
}

export type Heartbeat = 'known' | 'rebalancing' | 'lost'

const hash = (key: string) => [...key].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7)

export class SimulatedKafka {
  readonly partitions: number
  readonly #time: Simulated
  readonly #logs = new Map<string, ConsumedRecord[][]>()
  readonly #committed = new Map<string, bigint>()
  readonly #groups = new Map<string, Group>()
  readonly #waiting = new Set<() => void>()
  isAway = false

  constructor(time: Simulated, partitions: number) {
    this.#time = time
    this.partitions = partitions
  }

  log(topic: string, partition: number): readonly ConsumedRecord[] {
    return this.#logOf(topic)[partition] as ConsumedRecord[]
  }

  all(topic: string): readonly ConsumedRecord[] {
    return this.#logOf(topic).flat()
  }

  append(records: readonly ProducerRecord[]): void {
    for (const { topic, key, value, headers, partition } of records) {
      const at = partition ?? hash(key ?? '') % this.partitions
      const log = this.#logOf(topic)[at] as ConsumedRecord[]
      const offset = BigInt(log.length)
      log.push({ topic, partition: at, offset, key, value, headers: headers ?? {}, timestamp: this.#time.now })
    }
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  /** Calls back once something is appended, or after the time. */
  onAppended(ms: number, run: () => void): void {
    let isDone = false
    const wake = () => {
      if (isDone) return
      isDone = true
      this.#waiting.delete(wake)
      this.#time.after(0, run)
    }
    this.#waiting.add(wake)
    this.#time.after(ms, wake)
  }

  committed(group: string, topic: string, partition: number): bigint {
    return this.#committed.get(`${group} ${topic} ${partition}`) ?? 0n
  }

  join(group: string, id: string, answer: (assignment: Assignment) => void): void {
    const found = this.#group(group)
    found.members.set(id, { heardAt: this.#time.now, join: answer })
    this.#rebalance(found)
    this.#complete(found)
  }

  heartbeat(group: string, id: string, generation: number): Heartbeat {
    const found = this.#group(group)
    const member = found.members.get(id)
    if (!member || generation !== found.generation) return 'lost'
    member.heardAt = this.#time.now
    return found.isRebalancing ? 'rebalancing' : 'known'
  }

  /** @returns false when the member is not of this generation */
  commit(group: string, id: string, generation: number, places: readonly Place[]): boolean {
    const found = this.#group(group)
    const member = found.members.get(id)
    if (!member || generation !== found.generation) return false
    member.heardAt = this.#time.now
    for (const { topic, partition, next } of places) this.#committed.set(`${group} ${topic} ${partition}`, next)
    return true
  }

  /** Ends sessions and rebalances that take too long; to be called every second. */
  tick(): void {
    for (const group of this.#groups.values()) {
      for (const [id, { heardAt, join }] of group.members) {
        // Who waits for the answer to a join is on a connection.
        if (join !== null || this.#time.now - heardAt <= sessionMs) continue
        group.members.delete(id)
        this.#rebalance(group)
      }
      if (group.isRebalancing && this.#time.now > group.deadline) {
        for (const [id, { join }] of group.members) if (join === null) group.members.delete(id)
      }
      this.#complete(group)
    }
  }

  /** The connections of a killed process close: its join is no longer answered. */
  gone(id: string): void {
    for (const { members } of this.#groups.values()) {
      const member = members.get(id)
      if (member) member.join = null
    }
  }

  #rebalance(group: Group): void {
    if (group.isRebalancing) return
    group.isRebalancing = true
    group.deadline = this.#time.now + rebalanceMs
  }

  #complete(group: Group): void {
    const members = [...group.members]
    if (!group.isRebalancing || members.length === 0 || members.some(([, { join }]) => join === null)) return
    group.isRebalancing = false
    group.generation++
    const { generation } = group
    members.forEach(([, member], index) => {
      const answer = member.join
      member.join = null
      member.heardAt = this.#time.now
      const own = Array.from({ length: this.partitions }, (_, n) => n).filter((n) => n % members.length === index)
      answer?.({ generation, partitions: own })
    })
  }

  #group(name: string): Group {
    const found = this.#groups.get(name)
    if (found) return found
    const group = { generation: 0, isRebalancing: false, deadline: 0, members: new Map<string, Member>() }
    this.#groups.set(name, group)
    return group
  }

  #logOf(topic: string): ConsumedRecord[][] {
    const found = this.#logs.get(topic)
    if (found) return found
    const log = Array.from({ length: this.partitions }, (): ConsumedRecord[] => [])
    this.#logs.set(topic, log)
    return log
  }
}
