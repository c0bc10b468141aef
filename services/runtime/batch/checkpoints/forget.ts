/** Forgets all checkpoints, for a Kafka whose offsets begin anew. */
import type { RedisCommands, RedisScript } from '../../ports.ts'

/** Removes keys of a pattern, a part at a time. Returns the next cursor, `0` at the end. */
const forgetScript: RedisScript = {
  name: 'forget-checkpoints',
  source: `
local found = redis.call('SCAN', ARGV[1], 'MATCH', KEYS[1] .. '*', 'COUNT', 1000)
for _, key in ipairs(found[2]) do redis.call('DEL', key) end
return found[1]`,
}

/**
 * An old checkpoint would count as complete until the new offsets have passed it, so that a loss of writes in Redis went unnoticed. Without
 * one, each stage compares its state with Kafka's at its start.
 * @param tags hash tags of all states. @throws DependencyError
 */
export const forgetCheckpoints = async (
  redis: Pick<RedisCommands, 'evalMany' | 'isCluster'>,
  tags: readonly string[],
): Promise<void> => {
  // A script sees the keys of its own node: on one server all.
  for (const tag of redis.isCluster ? new Set(tags) : ['*']) {
    let cursor = '0'
    do {
      const [next] = await redis.evalMany(forgetScript, [{ keys: [`{${tag}}checkpoint:`], args: [cursor] }])
      cursor = String(next)
    } while (cursor !== '0')
  }
}
