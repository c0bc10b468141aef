/** Webhook to TikTok without load: one message at a time through the gateway, until the simulator has both of its signals. */
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { connectTwo, openWorld } from '../support/world.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * @param options of `signals up`
 * @returns ms, sorted; without the `warmUp` first messages, during which the processes still compile their code
 */
export const latencies = async (
  messages: number,
  options: readonly string[] = [],
  warmUp = 20,
): Promise<readonly number[]> => {
  const world = await openWorld({ LOG_LEVEL: 'warn' }, options)
  try {
    await connectTwo(world)
    const { simulator } = world.pipeline.ready
    /** Arrival of the events after `seq`, ms, by the simulator's clock, which is this machine's. */
    const arrivalsSince = async (seq: number): Promise<readonly number[]> => {
      const { events } = (await (await fetch(`${simulator}/_events?since=${seq}&limit=10`)).json()) as {
        events: readonly { readonly receivedAt: string }[]
      }
      return events.map(({ receivedAt }) => Date.parse(receivedAt))
    }
    const took: number[] = []
    for (let n = 0; n < warmUp + messages; n++) {
      const started = Date.now()
      await world.deliver(
        whatsappText(`5215550${String(n).padStart(6, '0')}`, `wamid.latency.${n}`, 'hola, pago', started),
      )
      // Polling uses the CPU that is measured, so it is rare; the arrival times do not depend on it.
      let arrivals: readonly number[] = []
      do {
        await sleep(100)
        arrivals = await arrivalsSince(2 * n)
      } while (arrivals.length < 2)
      if (n >= warmUp) took.push(Math.max(...arrivals) - started)
    }
    return took.sort((a, b) => a - b)
  } finally {
    await world.stop()
  }
}
