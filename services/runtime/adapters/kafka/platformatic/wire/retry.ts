/** Retries after transient errors, such as a moved leader or a restarted broker. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'

const maxTries = 5
const firstPauseMs = 100

/** False when a retry cannot succeed. */
export const mayRetry = (error: unknown): boolean => {
  const { canRetry, errors, cause } = error as { canRetry?: boolean; errors?: readonly unknown[]; cause?: unknown }
  if (canRetry === false) return false
  return (errors ?? []).every(mayRetry) && (cause === undefined || mayRetry(cause))
}

/** @param groups groups whose coordinators may have moved. @throws the last error of `work` */
export const retrying = async <T>(
  cluster: Cluster,
  work: () => Promise<T>,
  groups: readonly string[] = [],
): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      cluster.forget(error)
      for (const group of groups) cluster.forget(error, group)
      if (tries >= maxTries || !mayRetry(error)) throw error
      await sleep(firstPauseMs * 2 ** (tries - 1))
    }
  }
}
