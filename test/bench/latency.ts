/** Webhook to TikTok at rest: one message at a time through the gateway, until the simulator has the whole call. */
import { whatsappText } from '../../services/demo/webhooks.ts'
import { connectTwo, openWorld } from '../support/world.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** @returns milliseconds, sorted; the first messages, in which everything is still being compiled, are left out */
export const latencies = async (messages: number, warmUp = 10): Promise<readonly number[]> => {
  const world = await openWorld({ LOG_LEVEL: 'warn' })
  try {
    await connectTwo(world)
    const { simulator } = world.pipeline.ready
    const eventsNow = async () => ((await (await fetch(`${simulator}/_stats`)).json()) as { events: number }).events
    const took: number[] = []
    for (let n = 0; n < warmUp + messages; n++) {
      const before = await eventsNow()
      const started = performance.now()
      await world.deliver(
        whatsappText(`5215550${String(n).padStart(6, '0')}`, `wamid.latency.${n}`, 'hola, pago', Date.now()),
      )
      while ((await eventsNow()) < before + 2) await sleep(1)
      if (n >= warmUp) took.push(performance.now() - started)
      await sleep(100)
    }
    return took.sort((a, b) => a - b)
  } finally {
    await world.stop()
  }
}
