import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from './ports.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal ? { signal } : {})
    } catch (error) {
      // An aborted wait is an ended wait: whoever waits looks at the signal itself.
      if (!signal?.aborted) throw error
    }
  },
}
