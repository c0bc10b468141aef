import { checkpointed } from '../../../../../services/runtime/batch/checkpoints/checkpointed-stage.ts'
import { PartitionCheckpoints } from '../../../../../services/runtime/batch/checkpoints/checkpoints.ts'
import type { Loss } from '../../../../../services/runtime/batch/checkpoints/loss.ts'
import { drop } from '../../../../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../../../../services/runtime/batch/stage.ts'
import { type ConsumedRecord, DependencyError } from '../../../../../services/runtime/ports.ts'
import { consumedRecord, noon } from '../../../../support/builders.ts'
import { SimulatedRedisServer } from '../../../../support/simulated-redis.ts'

const topic = 'messages.v1'
const recordAt = (partition: number, offset: number) =>
  consumedRecord({ topic, partition, offset: BigInt(offset), timestamp: noon + offset })

/** A stage of one process whose state is what it has processed; Redis may lose the checkpoints. */
const world = (writes: 'load' | 'save') => {
  const server = new SimulatedRedisServer()
  const redis = server.client()
  const committed = new Map<number, readonly bigint[]>()
  const rebuilt: Loss[] = []
  const plain: Stage<ConsumedRecord, undefined, ConsumedRecord> = {
    name: 'attribution',
    decode: (record) => record,
    load: async () => undefined,
    decide: (batch) => ({ outcomes: batch.map(() => drop('no_signal')), changes: batch.map(({ value }) => value) }),
    save: async () => {},
  }
  const checkpoints = new PartitionCheckpoints({
    ...{ redis, name: 'test', topics: [topic], tags: ['0'] },
    committed: async () => committed,
  })
  const stage = checkpointed(plain, {
    redis,
    checkpointsOf: (of) => (of === topic ? checkpoints : null),
    writes,
    rebuild: async (loss) => void rebuilt.push(loss),
  })
  /** Processes one slice and commits it. @param unread records that gave no input */
  const run = async (records: readonly ConsumedRecord[], unread: readonly ConsumedRecord[] = []) => {
    for (;;) {
      try {
        const inputs = records.map((record) => ({ value: record, record, attempt: 1 }))
        const state = await stage.load(inputs, noon, [...records, ...unread])
        await stage.save(stage.decide(inputs, { state, now: noon }).changes)
        for (const { partition, offset } of [...records, ...unread]) committed.set(partition, [offset + 1n])
        return
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error
      }
    }
  }
  return { server, checkpoints, rebuilt, run }
}

describe('a stage with checkpoints, in a slice of several partitions', () => {
  it.each(['load', 'save'] as const)('finds and rebuilds what each partition has lost (%s)', async (writes) => {
    const { server, checkpoints, rebuilt, run } = world(writes)
    await run([recordAt(0, 0), recordAt(0, 1), recordAt(1, 5), recordAt(2, 7)])
    const before = server.unsaved
    await run([recordAt(0, 2), recordAt(1, 6), recordAt(2, 8)])
    server.crash(server.unsaved - before)
    await run([recordAt(0, 3), recordAt(1, 7), recordAt(2, 9)])
    expect(rebuilt.map(({ partition, from, to }) => ({ partition, from, to }))).toEqual([
      { partition: 0, from: [2n], to: [3n] },
      { partition: 1, from: [6n], to: [7n] },
      { partition: 2, from: [8n], to: [9n] },
    ])
    const reads = await checkpoints.read([0, 1, 2])
    expect(reads.map(({ loss }) => loss)).toEqual([null, null, null])
  })

  it.each(['load', 'save'] as const)('rebuilds only the partitions that lost something (%s)', async (writes) => {
    const { server, rebuilt, run } = world(writes)
    await run([recordAt(0, 0), recordAt(1, 0)])
    await run([recordAt(1, 1)])
    server.crash(1)
    await run([recordAt(0, 1), recordAt(1, 2)])
    expect(rebuilt.map(({ partition }) => partition)).toEqual([1])
  })

  it.each(['load', 'save'] as const)('advances partitions that gave no input (%s)', async (writes) => {
    const { checkpoints, rebuilt, run } = world(writes)
    await run([recordAt(0, 0)], [recordAt(1, 0)])
    await run([recordAt(0, 1)], [recordAt(1, 1)])
    checkpoints.assigned()
    await run([recordAt(0, 2), recordAt(1, 2)])
    expect(rebuilt).toEqual([])
  })
})
