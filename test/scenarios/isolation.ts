/**
 * `make isolation`: 100 advertisers, once all of them healthy, once one of them hanging (it takes calls and never answers). What the 99
 * others feel is the time from a signal's record to its arrival at TikTok: the p99 with the sick one must stay within 1.5 times the p99
 * without. Both in turn, several times, on one pipeline with the settings that production has.
 *
 *   node test/scenarios/isolation.ts [--rate 300] [--seconds 20] [--rounds 2]
 */
import { parseArgs } from 'node:util'
import { evenly, openDispatchAlone, quantile, say, signalOf, sleep, tokenOf } from './dispatch-alone.ts'

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
const most = 1.5
/** Two figures of a few milliseconds differ by chance. */
const noiseMs = 20

const advertisers = Array.from({ length: 100 }, (_, n) => `advertiser-${String(n).padStart(3, '0')}`)
const world = await openDispatchAlone({})
let failed = false
try {
  await world.connect(advertisers)
  await sleep(2_000)
  let next = 0
  /** Times of the healthy, ms, by what the sick one does. */
  const took: Record<'without' | 'with', number[]> = { without: [], with: [] }

  const run = async (sick: string | null, seconds: number) => {
    const faults = sick ? await world.fault({ token: tokenOf(sick), timeout: true }) : []
    const sentAt = new Map<string, number>()
    await evenly(rate * seconds, seconds, async (from, to) => {
      const at = Date.now()
      const signals = Array.from({ length: to - from }, () => {
        const n = next++
        return signalOf(n, advertisers[n % 100] as string, at)
      })
      for (const { signalId, connectionId } of signals) if (connectionId !== sick) sentAt.set(signalId, at)
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
        for (const line of await world.outcomes()) say(line)
        throw new Error(`${missing} signals of healthy advertisers have not arrived`)
      }
      await sleep(500)
    }
  }

  await run(null, 5)
  for (let round = 0; round < rounds; round++) {
    took.without.push(...(await run(null, seconds)))
    // Another one each time: the breaker of the last one is open.
    took.with.push(...(await run(advertisers[round * 7] as string, seconds)))
  }
  const line = (name: string, times: readonly number[]) =>
    say(
      `${name.padEnd(22)}${String(times.length).padStart(8)}${[0.5, 0.9, 0.99, 0.999, 1].map((q) => String(Math.round(quantile(times, q))).padStart(8)).join('')}`,
    )
  say(`\nms from record to TikTok   signals     p50     p90     p99   p99.9     max`)
  line('all healthy', took.without)
  line('one of 100 hangs', took.with)
  const [without, withSick] = [quantile(took.without, 0.99), quantile(took.with, 0.99)]
  const ratio = withSick / Math.max(1, without)
  say(`\np99 with over p99 without: ${ratio.toFixed(2)} (at most ${most})`)
  failed = ratio > most && withSick - without > noiseMs
} catch (error) {
  failed = true
  say(`failed: ${(error as Error).message}`)
} finally {
  await world.stop()
}
say(failed ? '\nFAILED' : '\nthe others do not feel it')
process.exit(failed ? 1 : 0)
