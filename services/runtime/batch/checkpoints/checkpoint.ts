/**
 * A checkpoint: up to which offsets the state in Redis includes a partition's records. It is stored in Redis after that state. Redis
 * loses its last writes in their order, so where a checkpoint is present, all state before it is too.
 */
import type { RedisScript } from '../../ports.ts'

export interface Checkpoint {
  /** Broker timestamp of the last record included, ms. What the stage publishes later has no earlier one. */
  readonly at: number
  /** Of this write: no two are equal. */
  readonly id: string
  /** Next offset of each topic, in the order of the stage's topics. */
  readonly offsets: readonly bigint[]
}

/** As stored; empty: none. */
export type StoredCheckpoint = string

export const encodeCheckpoint = ({ at, id, offsets }: Checkpoint): StoredCheckpoint =>
  `${at} ${id} ${offsets.join(',')}`

/** null for none, and for another format. */
export const decodeCheckpoint = (stored: StoredCheckpoint): Checkpoint | null => {
  const [, at, id, offsets] = /^(\d+) (\S+) (\d+(?:,\d+)*)$/.exec(stored) ?? []
  if (at === undefined || id === undefined || offsets === undefined) return null
  return { at: Number(at), id, offsets: offsets.split(',').map(BigInt) }
}

/** Whether a checkpoint includes all records before these offsets. */
export const includes = (checkpoint: Pick<Checkpoint, 'offsets'> | null, offsets: readonly bigint[]): boolean =>
  offsets.every((offset, index) => (checkpoint?.offsets[index] ?? 0n) >= offset)

/** For each topic the higher offset. */
export const furthest = (one: readonly bigint[], other: readonly bigint[]): readonly bigint[] =>
  one.map((offset, index) => {
    const second = other[index] ?? 0n
    return offset > second ? offset : second
  })

/** Replaces checkpoints that are still the expected ones. ARGV: for each key the expected value and the new one. Returns 1 or 0 for each. */
export const advanceScript: RedisScript = {
  name: 'advanceCheckpoints',
  source: `
local out = {}
for i, key in ipairs(KEYS) do
  if (redis.call('GET', key) or '') == ARGV[2 * i - 1] then
    redis.call('SET', key, ARGV[2 * i])
    out[i] = 1
  else out[i] = 0 end
end
return out`,
}
