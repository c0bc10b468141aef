/** Rebuilds by time, shared by the partitions that notice the same loss. */
import type { RedisCommands } from '../../ports.ts'
import type { Loss } from './loss.ts'

/** How far the clocks of two brokers may differ; a rebuild reads so much more. */
const brokerClocksMs = 60_000

/** @param restoreSince writes again what was recorded since a broker time, ms; 0: all. @throws DependencyError */
export const sharedRebuild = (
  redis: Pick<RedisCommands, 'disconnects'>,
  restoreSince: (since: number) => Promise<void>,
): ((loss: Pick<Loss, 'since'>) => Promise<void>) => {
  let running: { readonly since: number; readonly disconnects: number; readonly done: Promise<void> } | null = null
  return ({ since }) => {
    const { disconnects } = redis
    if (running && running.since <= since && running.disconnects === disconnects) return running.done
    const done = restoreSince(Math.max(0, since - brokerClocksMs)).finally(() => {
      if (running?.done === done) running = null
    })
    running = { since, disconnects, done }
    return done
  }
}
