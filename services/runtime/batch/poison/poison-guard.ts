/**
 * Keeps a record that ends the process from ending it for ever: notes what is in work, and has the loop process suspected records alone.
 *
 * Without a suspicion it costs one read and one write when a partition is taken over, and nothing per batch.
 */
import { randomUUID } from 'node:crypto'
import { errorFacts, type Logger } from '../../log.ts'
import { type ConsumedRecord, DependencyError, type RecordBatch, type RedisCommands } from '../../ports.ts'
import { AloneGate } from './alone.ts'
import { type PreviousLife, type Suspicion, stepAt, suspicionOf, type WorkStep } from './suspicion.ts'
import { decodeWorkNote, encodeWorkNote, type WorkNote } from './work-note.ts'

/** As long as `messages.v1` keeps a record that could be in work. */
const ttlSeconds = 7 * 24 * 3600

/** A batch with suspected records, in steps. */
export interface SuspectedBatch {
  /** @param at index of the first record that is not processed */
  step(at: number, sliceRecords: number): WorkStep
  /** Notes the step as in work, then processes it. @throws DependencyError; what `work` throws */
  run<T>(at: number, step: WorkStep, work: () => Promise<T>): Promise<T>
  /**
   * @param processed number of the batch's records that are to be committed
   * @param last step that was processed
   */
  finished(processed: number, last: WorkStep): Promise<void>
}

export interface OpenedBatch {
  /** What is in work on the partition was noted. Until the commit, a process that ends goes back before what the note says. */
  readonly mustCommit: boolean
  /** null: a batch without suspected records, as nearly every batch is */
  readonly suspected: SuspectedBatch | null
}

export interface PoisonGuardTools {
  readonly redis: Pick<RedisCommands, 'getMany' | 'setMany'>
  /** Prefix of the notes: the stage. */
  readonly stage: string
  readonly previous: PreviousLife
  /** Id of this process; unset: a random one. */
  readonly life?: string | undefined
  readonly log: Pick<Logger, 'warn' | 'error'>
}

interface PartitionWork {
  /** Offset after the last record that this process has taken. */
  next: bigint
  note: WorkNote | null
}

const endOf = (records: readonly ConsumedRecord[], at = records.length - 1): bigint =>
  (records[at] as ConsumedRecord).offset + 1n

const keyOf = (stage: string, topicPartition: string): string => `work:${stage}:${topicPartition}`

/**
 * Forgets what was in work on topic partitions whose offsets begin anew: a note would else be read as one of their records.
 * @param topicPartitions `<topic>/<partition>`. @throws DependencyError
 */
export const forgetWork = (
  redis: Pick<RedisCommands, 'setMany'>,
  stage: string,
  topicPartitions: readonly string[],
): Promise<void> =>
  redis.setMany(topicPartitions.map((one) => ({ key: keyOf(stage, one), value: Buffer.alloc(0), ttlSeconds: 1 })))

export class PoisonGuard {
  readonly #tools: PoisonGuardTools
  readonly #life: string
  readonly #work = new Map<string, PartitionWork>()
  readonly #gate = new AloneGate()

  constructor(tools: PoisonGuardTools) {
    this.#tools = tools
    this.#life = tools.life ?? randomUUID()
  }

  /** Runs a step without suspected records. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.shared(work)
  }

  /** Forgets partitions that another process has now: what it notes is to be read when they come back. */
  assigned(
    topics: readonly string[],
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): void {
    const assigned = new Set(partitions.map(({ topic, partition }) => `${topic}/${partition}`))
    for (const topicPartition of this.#work.keys()) {
      const isOfTopics = topics.includes(topicPartition.slice(0, topicPartition.lastIndexOf('/')))
      if (isOfTopics && !assigned.has(topicPartition)) this.#work.delete(topicPartition)
    }
  }

  async open({ topic, partition, records }: RecordBatch): Promise<OpenedBatch> {
    const topicPartition = `${topic}/${partition}`
    const first = (records[0] as ConsumedRecord).offset
    const known = this.#work.get(topicPartition)
    if (known && known.next <= first) {
      known.next = endOf(records)
      return { mustCommit: false, suspected: null }
    }
    const work: PartitionWork = { next: endOf(records), note: null }
    this.#work.set(topicPartition, work)
    const { previous, log } = this.#tools
    const suspicion = await this.#unlessAway(topicPartition, async () => {
      const found = suspicionOf(await this.#read(topicPartition), first, this.#life, previous)
      if (found) return found
      await this.#write(topicPartition, work, { life: this.#life, from: first, to: work.next, ends: 0, alone: null })
      return null
    })
    if (!suspicion) return { mustCommit: true, suspected: null }
    log.warn({ topicPartition, ...facts(suspicion) }, 'records that were in work when the process ended')
    return { mustCommit: true, suspected: this.#suspected(topicPartition, work, records, suspicion) }
  }

  /** For an orderly end: what is in work now did not end the process. */
  async close(): Promise<void> {
    await Promise.all(
      Array.from(this.#work, async ([topicPartition, work]) => {
        if (work.note !== null) await this.#write(topicPartition, work, { ...work.note, life: '' })
      }),
    )
  }

  #suspected(
    topicPartition: string,
    work: PartitionWork,
    records: readonly ConsumedRecord[],
    suspicion: Suspicion,
  ): SuspectedBatch {
    const { log } = this.#tools
    const note = async (at: number, { kind, count }: WorkStep) => {
      const from = (records[at] as ConsumedRecord).offset
      // Stays noted until it is committed.
      if (suspicion.alone === 'done' && from < suspicion.to) return
      const isInside = from >= suspicion.from && from < suspicion.to
      if (kind === 'poison') {
        log.error({ topicPartition, offset: String(from), ...facts(suspicion) }, 'the record becomes a dead letter')
      }
      await this.#write(topicPartition, work, {
        life: this.#life,
        from,
        to: endOf(records, at + count - 1),
        ends: isInside ? suspicion.ends : 0,
        alone: kind === 'slice' ? null : from === suspicion.from ? (suspicion.alone ?? 0) : 0,
      })
    }
    /** Before another step may run: its end would else be blamed on a record that passed. What follows it stays suspected. */
    const passed = (from: bigint) => {
      const to = suspicion.to > from ? suspicion.to : from
      return this.#write(topicPartition, work, { life: '', from, to, ends: suspicion.ends, alone: null })
    }
    return {
      step: (at, sliceRecords) => stepAt(suspicion, records, at, sliceRecords),
      run: (at, step, processed) => {
        const noted = async () => {
          await note(at, step)
          const result = await processed()
          if (step.kind === 'alone') await passed(endOf(records, at))
          return result
        }
        return step.kind === 'slice' ? this.#gate.shared(noted) : this.#gate.alone(noted)
      },
      finished: async (processed, { kind }) => {
        const to = endOf(records, processed - 1)
        const done = { life: '', from: suspicion.from, to, ends: suspicion.ends, alone: 'done' } as const
        const nothing = { life: '', from: to, to, ends: 0, alone: null } as const
        await this.#unlessAway(topicPartition, async () => {
          await this.#write(topicPartition, work, isSolved(kind) ? done : nothing)
          work.note = null
        })
      },
    }
  }

  /** Without Redis a record that ends the process is not found, but processing goes on. */
  async #unlessAway<T>(topicPartition: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      this.#tools.log.warn({ ...errorFacts(error), topicPartition }, 'cannot note the records in work')
      return null
    }
  }

  async #read(topicPartition: string): Promise<WorkNote | null> {
    const [value = null] = await this.#tools.redis.getMany([this.#key(topicPartition)])
    return decodeWorkNote(value)
  }

  async #write(topicPartition: string, work: PartitionWork, note: WorkNote): Promise<void> {
    work.note = note
    await this.#tools.redis.setMany([{ key: this.#key(topicPartition), value: encodeWorkNote(note), ttlSeconds }])
  }

  #key(topicPartition: string): string {
    return keyOf(this.#tools.stage, topicPartition)
  }
}

/** The record is a dead letter. Its batch ends with it, so that it is committed before another one can end the process. */
export const isSolved = (kind: WorkStep['kind']): boolean => kind === 'poison' || kind === 'done'

const facts = ({ from, to, ends, alone }: Suspicion) => ({ from: String(from), to: String(to), ends, alone })
