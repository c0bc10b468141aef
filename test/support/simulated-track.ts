/** TikTok's endpoint for events, played by the simulator's own code without a network. */

import type { Answer, CallRequest } from '../../services/dispatch/destinations/destination.ts'
import { Faults, faultSchema } from '../../services/local/simulator/faults.ts'
import { Store } from '../../services/local/simulator/store.ts'
import { type SimulatorState, track } from '../../services/local/simulator/track.ts'

export const simulatedTrack = (now: () => number) => {
  const simulator: SimulatorState = { store: new Store(100), faults: new Faults(), tokens: new Set(), now }
  return {
    ...simulator,
    fault: (fault: object) => simulator.faults.add(faultSchema.parse(fault)),
    post: async (_url: string, { body, headers }: CallRequest): Promise<Answer> => {
      const answer = track(body, headers['Access-Token'] as string, simulator)
      return answer.kind === 'answer'
        ? { kind: 'answered', status: answer.status, body: answer.body }
        : { kind: 'failed', reason: 'timeout' }
    },
  }
}
