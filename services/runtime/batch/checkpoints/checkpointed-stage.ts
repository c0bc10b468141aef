/** A stage whose state in Redis has checkpoints. What Redis has lost is rebuilt before the stage decides anything. */

import { type ConsumedRecord, DependencyError, type RedisCommands } from '../../ports.ts'
import type { Stage } from '../stage.ts'
import type { CheckpointsRead, PartitionCheckpoints, SliceEnd, SlicePart } from './checkpoints.ts'
import type { Loss } from './loss.ts'

export interface CheckpointedTools {
  readonly redis: Pick<RedisCommands, 'disconnects'>
  /** Those of the topic; null: it has none. */
  checkpointsOf(topic: string): PartitionCheckpoints | null
  /** When the stage writes its state: `load` for claims, `save` for all else. */
  readonly writes: 'load' | 'save'
  /** Writes again what Redis has lost; must be safe to repeat. @throws DependencyError */
  rebuild(loss: Loss): Promise<void>
}

/** The partitions of a slice that share their checkpoints' store. */
interface Slice {
  readonly checkpoints: PartitionCheckpoints
  readonly parts: readonly SlicePart[]
  readonly disconnects: number
}

interface Loaded<State> {
  readonly state: State
  /** null: its topics have no checkpoints. */
  readonly slice: Slice | null
}

interface Saved<State, Change> {
  readonly changes: readonly Change[]
  readonly slice: Loaded<State>['slice']
}

/** A slice is published sooner than this after its first record, or its partition has hours of backlog. */
const unsavedMs = 3_600_000

/** The next read finds the reason. */
const ignored = (error: unknown): void => {
  if (!(error instanceof DependencyError)) throw error
}

/** Those of one partition follow each other. */
const endsOf = (records: readonly ConsumedRecord[]): SliceEnd[] =>
  records.flatMap(({ topic, partition, offset, timestamp }, at) => {
    const next = records[at + 1]
    if (next?.partition === partition && next.topic === topic) return []
    return { topic, partition, next: offset + 1n, at: timestamp }
  })

export const checkpointed = <In, State, Change>(
  stage: Stage<In, State, Change>,
  { redis, checkpointsOf, writes, rebuild }: CheckpointedTools,
): Stage<In, Loaded<State>, Saved<State, Change>> => {
  /** @throws DependencyError after a disconnect: Redis may have lost what it acknowledged before it, but not the checkpoint after it */
  const mustBeConnected = (disconnects: number) => {
    if (redis.disconnects !== disconnects) throw new DependencyError('redis', 'Redis was away during the slice')
  }
  const advance = async ({ checkpoints, parts, disconnects }: Slice, before: Promise<void>) => {
    // Both at once, in this order, on one connection: no further round trip.
    await Promise.all([before, checkpoints.advance(parts)])
    mustBeConnected(disconnects)
  }
  /** @param first broker time of the slice's first record of the partition, ms */
  const rebuildPart = async ({ checkpoints, disconnects }: Slice, { end: _, ...read }: SlicePart, first: number) => {
    const loss = read.loss as Loss
    // Without a checkpoint: decisions that were not saved were published after their records came.
    const since = loss.isTakeover && loss.since === 0 ? Math.max(0, first - unsavedMs) : loss.since
    await rebuild({ ...loss, since })
    await checkpoints.repaired(read, loss, first, disconnects)
  }

  return {
    ...stage,
    async load(batch, now, records = batch.map(({ record }) => record)) {
      // Partitions without inputs too: their offsets are committed, and a checkpoint that stayed behind would look like a loss.
      const ends = endsOf(records)
      const checkpoints = ends[0] ? checkpointsOf(ends[0].topic) : null
      if (!checkpoints) return { state: await stage.load(batch, now), slice: null }
      if (writes === 'load') {
        const { disconnects } = redis
        const [state, parts] = await Promise.all([stage.load(batch, now), checkpoints.advanceKnown(ends)])
        mustBeConnected(disconnects)
        if (parts) return { state, slice: { checkpoints, parts, disconnects } }
      }
      for (;;) {
        const { disconnects } = redis
        const reading = checkpoints.read(ends.map(({ partition }) => partition))
        const [state, reads] = await Promise.all([stage.load(batch, now), reading])
        const parts = ends.map((end, at) => ({ ...(reads[at] as CheckpointsRead), end }))
        const slice = { checkpoints, parts, disconnects }
        const lost = parts.filter(({ loss }) => loss !== null)
        if (lost.length === 0) {
          if (writes === 'load') await advance(slice, Promise.resolve())
          return { state, slice }
        }
        for (const part of lost) {
          const own = batch.find(({ record }) => record.partition === part.end.partition)
          await rebuildPart(slice, part, own?.record.timestamp ?? part.end.at)
        }
      }
    },
    decide: (batch, { state: { state, slice }, now }) => {
      const { outcomes, changes } = stage.decide(batch, { state, now })
      return { outcomes, changes: [{ changes, slice }] }
    },
    async save(saved) {
      for (const { changes, slice } of saved) {
        const saving = stage.save(changes)
        if (slice && writes === 'save') {
          if (changes.length > 0) {
            await advance(slice, saving)
            continue
          }
          // Nothing depends on it; without it, the next start would look for what is not missing.
          void slice.checkpoints.advance(slice.parts).catch(ignored)
        }
        await saving
      }
    },
  }
}

/**
 * Does the same for partitions without records, so that other partitions and a replay soon find what Redis has lost.
 * @throws DependencyError
 */
export const repairIdle = async (
  checkpoints: PartitionCheckpoints,
  { redis, rebuild }: Pick<CheckpointedTools, 'redis' | 'rebuild'>,
): Promise<void> => {
  for (const partition of checkpoints.partitions) {
    // A slice may advance the checkpoint during the read, so only what two reads find is a loss.
    const [before] = await checkpoints.read([partition])
    if (!before?.loss) continue
    const { disconnects } = redis
    const [read] = await checkpoints.read([partition])
    if (!read?.loss) continue
    await rebuild(read.loss)
    await checkpoints.repaired(read, read.loss, 0, disconnects)
  }
}
