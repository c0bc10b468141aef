/**
 * Whether Redis still holds the sent-marks that it was given. A marker stands in each hash slot that has marks: where it is gone, so may
 * they be (a Redis that was emptied, a node of a cluster that was replaced).
 */
import type { RedisCommands, RedisScript } from '../../runtime/ports.ts'

export interface CompletenessMarker {
  /** Parts whose marks may be gone. @throws DependencyError */
  lost(): Promise<readonly number[]>
  /** Says that these parts are being restored, under a token of one's own. */
  begin(parts: readonly number[], token: string): Promise<void>
  /** They are whole again, unless they were lost once more since `begin`. */
  complete(parts: readonly number[], token: string): Promise<void>
}

/** As many as the hour buckets have hash tags: what shares one is lost together. */
const parts = Array.from({ length: 16 }, (_, part) => part)
const wholeKey = (part: number) => `sent:{${part}}:whole`
const restoringKey = (part: number, token: string) => `sent:{${part}}:restoring:${token}`
const foreverSeconds = 10 * 365 * 86_400
const restoringSeconds = 86_400

const completeScript: RedisScript = {
  name: 'marks-complete',
  source: `
if redis.call('DEL', KEYS[2]) == 1 then redis.call('SET', KEYS[1], '1', 'EX', ${foreverSeconds}) end
return 1`,
}

export class RedisCompletenessMarker implements CompletenessMarker {
  readonly #redis: Pick<RedisCommands, 'getMany' | 'setMany' | 'evalMany'>

  constructor(redis: Pick<RedisCommands, 'getMany' | 'setMany' | 'evalMany'>) {
    this.#redis = redis
  }

  async lost(): Promise<readonly number[]> {
    const markers = await this.#redis.getMany(parts.map(wholeKey))
    return parts.filter((part) => markers[part] === null)
  }

  async begin(lost: readonly number[], token: string): Promise<void> {
    const value = Buffer.from('1')
    await this.#redis.setMany(
      lost.map((part) => ({ key: restoringKey(part, token), value, ttlSeconds: restoringSeconds })),
    )
  }

  async complete(restored: readonly number[], token: string): Promise<void> {
    await this.#redis.evalMany(
      completeScript,
      restored.map((part) => ({ keys: [wholeKey(part), restoringKey(part, token)], args: [] })),
    )
  }
}
