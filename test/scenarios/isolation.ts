/**
 * `make isolation`: measures how one hanging advertiser affects 99 healthy ones. It accepts calls and never answers. The measure is the
 * time from a signal's record to its arrival at TikTok: the p99 with the hanging one must stay within 1.5 times the p99 without. Both
 * cases run in turn, several times, on one pipeline with production settings.
 *
 *   node test/scenarios/isolation.ts [--rate 300] [--seconds 20] [--rounds 2]
 */
import { parseArgs } from 'node:util'
import { evenly, openDispatchAlone, print, quantile, signalOf, sleep, tokenOf } from './dispatch-alone.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '300' },
    seconds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
  },
})
const rate = Number(values.rate)
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const maxRatio = 1.5
/** Smaller differences of two p99 are chance. */
const noiseMs = 20

const advertisers = Array.from({ length: 100 }, (_, n) => `advertiser-${String(n).padStart(3, '0')}`)
const world = await openDispatchAlone({})
let failed = false
try {
  await world.connect(advertisers)
  await sleep(2_000)
  let next = 0
  /** Latencies of the healthy advertisers, ms. */
  const latencies: Record<'without' | 'with', number[]> = { without: [], with: [] }

  const run = async (hanging: string | null, seconds: number) => {
    const faults = hanging ? await world.fault({ token: tokenOf(hanging), timeout: true }) : []
    const sentAt = new Map<string, number>()
    await evenly(rate * seconds, seconds, async (from, to) => {
      const at = Date.now()
      const signals = Array.from({ length: to - from }, () => {
        const n = next++
        return signalOf(n, advertisers[n % 100] as string, at)
      })
      for (const { signalId, connectionId } of signals) if (connectionId !== hanging) sentAt.set(signalId, at)
      await world.send(signals)
    })
    const end = Date.now() + 30_000
    for (;;) {
      const arrived = new Map((await world.arrived()).map(({ id, at }) => [id, at]))
      const missing = [...sentAt.keys()].filter((id) => !arrived.has(id)).length
      if (missing === 0) {
        await world.clear(faults)
        return Array.from(sentAt, ([id, at]) => (arrived.get(id) as number) - at)
      }
      if (Date.now() > end) {
        for (const line of await world.outcomes()) print(line)
        throw new Error(`${missing} signals of healthy advertisers have not arrived`)
      }
      await sleep(500)
    }
  }

  await run(null, 5)
  for (let round = 0; round < rounds; round++) {
    latencies.without.push(...(await run(null, seconds)))
    // Another advertiser in each round: the breaker of the previous one is open.
    latencies.with.push(...(await run(advertisers[round * 7] as string, seconds)))
  }
  const line = (name: string, times: readonly number[]) =>
    print(
      `${name.padEnd(22)}${String(times.length).padStart(8)}${[0.5, 0.9, 0.99, 0.999, 1].map((q) => String(Math.round(quantile(times, q))).padStart(8)).join('')}`,
    )
  print(`\nms from record to TikTok   signals     p50     p90     p99   p99.9     max`)
  line('all healthy', latencies.without)
  line('one of 100 hangs', latencies.with)
  const [without, withHanging] = [quantile(latencies.without, 0.99), quantile(latencies.with, 0.99)]
  const ratio = withHanging / Math.max(1, without)
  print(`\np99 with over p99 without: ${ratio.toFixed(2)} (at most ${maxRatio})`)
  failed = ratio > maxRatio && withHanging - without > noiseMs
} catch (error) {
  failed = true
  print(`failed: ${(error as Error).message}`)
} finally {
  await world.stop()
}
print(failed ? '\nFAILED' : '\nthe others are not affected')
process.exit(failed ? 1 : 0)
