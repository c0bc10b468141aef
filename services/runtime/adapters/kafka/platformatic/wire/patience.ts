/** Trying again what fails on the way: a leader or a coordinator that moves, a broker that starts again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'

const mostTries = 5
const firstPauseMs = 100

/** False for what stays wrong however often it is tried. */
export const mayRetry = (error: unknown): boolean => {
  const { canRetry, errors, cause } = error as { canRetry?: boolean; errors?: readonly unknown[]; cause?: unknown }
  if (canRetry === false) return false
  return (errors ?? []).every(mayRetry) && (cause === undefined || mayRetry(cause))
}

/** @param group whose coordinator may have moved. @throws what `work` throws, in the end */
export const patiently = async <T>(
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
      if (tries >= mostTries || !mayRetry(error)) throw error
      await sleep(firstPauseMs * 2 ** (tries - 1))
    }
  }
}
