/** A stage whose state in Redis has checkpoints. What Redis has lost is rebuilt before the stage decides anything. */

import { type ConsumedRecord, DependencyError, type RedisCommands } from '../../ports.ts'
import type { Stage } from '../stage.ts'
import type { CheckpointsRead, Loss, PartitionCheckpoints, SliceEnd } from './checkpoints.ts'

export interface CheckpointedTools {
  readonly redis: Pick<RedisCommands, 'disconnects'>
  /** Those of the topic; null: it has none. */
  checkpointsOf(topic: string): PartitionCheckpoints | null
  /** When the stage writes its state: `load` for claims, `save` for all else. */
  readonly writes: 'load' | 'save'
  /** Writes again what Redis has lost; must be safe to repeat. @throws DependencyError */
  rebuild(loss: Loss): Promise<void>
}

interface Loaded<State> {
  readonly state: State
  /** null: its topic has no checkpoints. */
  readonly slice: (CheckpointsRead & { readonly end: SliceEnd; readonly disconnects: number }) | null
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

const sliceEndOf = ({ topic, partition, offset, timestamp }: ConsumedRecord): SliceEnd => ({
  ...{ topic, partition, next: offset + 1n, at: timestamp },
})

export const checkpointed = <In, State, Change>(
  stage: Stage<In, State, Change>,
  { redis, checkpointsOf, writes, rebuild }: CheckpointedTools,
): Stage<In, Loaded<State>, Saved<State, Change>> => {
  /** @throws DependencyError after a disconnect: Redis may have lost what it acknowledged before it, but not the checkpoint after it */
  const mustBeConnected = (disconnects: number) => {
    if (redis.disconnects !== disconnects) throw new DependencyError('redis', 'Redis was away during the slice')
  }
  const advance = async (
    checkpoints: PartitionCheckpoints,
    slice: NonNullable<Loaded<State>['slice']>,
    before: Promise<void>,
  ) => {
    // Both at once, in this order, on one connection: no further round trip.
    await Promise.all([before, checkpoints.advance(slice, slice.end)])
    mustBeConnected(slice.disconnects)
  }

  return {
    ...stage,
    async load(batch, now, last = batch.at(-1)?.record) {
      // A slice without inputs too: its offset is committed, and a checkpoint that stayed behind would look like a loss.
      const end = last ? sliceEndOf(last) : null
      const checkpoints = end ? checkpointsOf(end.topic) : null
      if (!end || !checkpoints) return { state: await stage.load(batch, now), slice: null }
      if (writes === 'load') {
        const { disconnects } = redis
        const [state, known] = await Promise.all([stage.load(batch, now), checkpoints.advanceKnown(end)])
        mustBeConnected(disconnects)
        if (known) return { state, slice: { ...known, end, disconnects } }
      }
      for (;;) {
        const { disconnects } = redis
        const [state, read] = await Promise.all([stage.load(batch, now), checkpoints.read(end.partition)])
        const slice = { ...read, end, disconnects }
        if (read.loss === null) {
          if (writes === 'load') await advance(checkpoints, slice, Promise.resolve())
          return { state, slice }
        }
        const first = batch[0]?.record.timestamp ?? end.at
        const { loss } = read
        // Without a checkpoint: decisions that were not saved were published after their records came.
        const since = loss.isTakeover && loss.since === 0 ? Math.max(0, first - unsavedMs) : loss.since
        await rebuild({ ...loss, since })
        await checkpoints.repaired(read, loss, first, disconnects)
      }
    },
    decide: (batch, { state: { state, slice }, now }) => {
      const { outcomes, changes } = stage.decide(batch, { state, now })
      return { outcomes, changes: [{ changes, slice }] }
    },
    async save(saved) {
      for (const { changes, slice } of saved) {
        const checkpoints = slice ? checkpointsOf(slice.end.topic) : null
        const saving = stage.save(changes)
        if (slice && checkpoints && writes === 'save') {
          if (changes.length > 0) {
            await advance(checkpoints, slice, saving)
            continue
          }
          // Nothing depends on it; without it, the next start would look for what is not missing.
          void checkpoints.advance(slice, slice.end).catch(ignored)
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
    if ((await checkpoints.read(partition)).loss === null) continue
    const { disconnects } = redis
    const read = await checkpoints.read(partition)
    if (read.loss === null) continue
    await rebuild(read.loss)
    await checkpoints.repaired(read, read.loss, 0, disconnects)
  }
}
