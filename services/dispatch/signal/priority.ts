/** Which traffic gives way to which. */
import { topics } from '../../topology.ts'

/** Live traffic; deferred signals that come back; signals of a replay. */
export type TrafficClass = 'main' | 'waiting' | 'replay'

export const trafficClassOf = (topic: string): TrafficClass => {
  if (topic === topics.signals.name) return 'main'
  return topic.startsWith('signals.replay') ? 'replay' : 'waiting'
}

/**
 * Share of the app's token bucket that a class leaves untouched. Live traffic may take the last token and deferred signals leave a tenth.
 * A replay takes only what is above half, so it stops as soon as live traffic needs the whole limit.
 */
export const reserveOf: Readonly<Record<TrafficClass, number>> = { main: 0, waiting: 0.1, replay: 0.5 }
