/** Redis as a replay finds it where live traffic has left nothing. */
import type { RedisScript } from '../../services/runtime/ports.ts'
import { MemoryRedis } from './memory-redis.ts'

/** Complete, and without any claim or conversation of live traffic. */
export class EmptyRedis extends MemoryRedis {
  override async getMany(keys: readonly string[]) {
    return keys.map((key) => (String(key).endsWith(':complete') ? Buffer.from('1') : null))
  }
  override async evalMany(_script: RedisScript, calls: readonly { readonly args: readonly unknown[] }[]) {
    return calls.map(({ args }) => args.map(() => null)) as never
  }
}
