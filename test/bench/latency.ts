/** Webhook to TikTok at rest: one message at a time through the gateway, until the simulator has both of its signals. */
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { connectTwo, openWorld } from '../support/world.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** @returns milliseconds, sorted; the first messages, in which everything is still being compiled, are left out */
export const latencies = async (messages: number, warmUp = 20): Promise<readonly number[]> => {
  const world = await openWorld({ LOG_LEVEL: 'warn' })
  try {
    await connectTwo(world)
    const { simulator } = world.pipeline.ready
    /** When the events behind `seq` came, ms: the simulator's clock is ours. */
    const since = async (seq: number): Promise<readonly number[]> => {
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
      // Asking costs the machine what is measured: rarely, and what counts is when they came.
      let came: readonly number[] = []
      do {
        await sleep(100)
        came = await since(2 * n)
      } while (came.length < 2)
      if (n >= warmUp) took.push(Math.max(...came) - started)
    }
    return took.sort((a, b) => a - b)
  } finally {
    await world.stop()
  }
}
