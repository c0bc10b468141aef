/**
 * Runs works one at a time, of each tenant in turn: each reads large topics, and one tenant's many must not keep the others from theirs.
 */
import { WorkRefused } from './insight.ts'

/** Works of one tenant that run or wait. */
const mostOfOne = 4

/** @returns a function that runs a work when its turn comes. @throws WorkRefused for one too many of a tenant; what the work throws */
export const openTenantQueues = () => {
  /** Who is served goes to the end. */
  const queues = new Map<string, (() => Promise<void>)[]>()
  let isBusy = false
  let running: string | null = null

  const runAll = async () => {
    for (;;) {
      const [first] = queues
      if (first === undefined) break
      const [owner, queue] = first
      queues.delete(owner)
      const [work, ...rest] = queue
      if (rest.length > 0) queues.set(owner, rest)
      running = owner
      await work?.()
    }
    running = null
    isBusy = false
  }

  /** @param tenant null: all */
  return <T>(tenant: string | null, work: () => Promise<T>): Promise<T> => {
    // No tenant's name is empty.
    const owner = tenant ?? ''
    const queue = queues.get(owner) ?? []
    if (queue.length + (running === owner ? 1 : 0) >= mostOfOne)
      return Promise.reject(new WorkRefused('other work of this kind is under way: try again in a few seconds'))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    queues.set(owner, [...queue, () => Promise.resolve().then(work).then(resolve, reject)])
    if (!isBusy) {
      isBusy = true
      void runAll()
    }
    return promise
  }
}
