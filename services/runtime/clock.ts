import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Timers } from './ports.ts'

export const systemClock: Clock & Timers = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      // An abort ends the wait without an error: the caller checks the signal itself.
      if (!signal?.aborted) throw error
    }
  },
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, fn) => {
    const timer = setInterval(fn, ms).unref()
    return () => clearInterval(timer)
  },
}
