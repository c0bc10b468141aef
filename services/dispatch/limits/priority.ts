/** By which way a batch came: what must not wait for whom, and who gives way to whom. */
import { topics } from '../../topology.ts'

/** Live traffic; what waited and comes back; what is reported again from history. */
export type TrafficClass = 'main' | 'waiting' | 'replay'

export const trafficClassOf = (topic: string): TrafficClass => {
  if (topic === topics.signals.name) return 'main'
  return topic.startsWith('signals.replay') ? 'replay' : 'waiting'
}

/**
 * Share of a token bucket that a lane leaves untouched. Live traffic takes the last token; what waited leaves it some, and a replay
 * takes only what is above half, so it stands still as soon as live traffic needs as much as there is.
 */
export const reserveOf: Readonly<Record<TrafficClass, number>> = { main: 0, waiting: 0.1, replay: 0.5 }
