/**
 * `make chaos`: kills each stage (-9) in turn under load, then counts. Every message is the first of its conversation and contains a
 * keyword, so each must reach TikTok as exactly two events: none missing, none counted twice.
 *
 *   node test/chaos/main.ts [--rate 150] [--seconds 8]     messages a second; seconds of load for each kill
 */
import { parseArgs } from 'node:util'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { stageNames } from '../../services/topology.ts'
import { connectTwo, openWorld, untilAccepted, type World } from '../support/world.ts'

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '150' }, seconds: { type: 'string', default: '8' } },
})
const rate = Number(values.rate)
const secondsEach = Number(values.seconds)
const print = (line: string) => process.stdout.write(`${line}\n`)
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const pidOf = async (world: World, stage: string): Promise<number> => {
  const { stdout } = await world.pipeline.signals('status', '--json')
  return (JSON.parse(stdout) as { pids: Record<string, number> }).pids[stage] as number
}

const world = await openWorld({ LOG_LEVEL: 'warn' })
let failed = false
try {
  await connectTwo(world)
  const underWay: Promise<number>[] = []
  const begin = Date.now() - 3_600_000
  let sent = 0
  let loading = true
  const load = (async () => {
    const started = Date.now()
    while (loading) {
      const due = Math.floor(((Date.now() - started) * rate) / 1000)
      for (; sent < due; sent++) {
        underWay.push(
          untilAccepted(
            world,
            whatsappText(`52155${String(sent).padStart(8, '0')}`, `wamid.chaos.${sent}`, 'hola, pago', begin + sent),
          ),
        )
      }
      await sleep(10)
    }
  })()

  for (const stage of stageNames) {
    await sleep((secondsEach * 1000) / 2)
    const pid = await pidOf(world, stage)
    process.kill(pid, 'SIGKILL')
    const killedAt = Date.now()
    let next = pid
    while (next === pid || !next) {
      await sleep(100)
      next = await pidOf(world, stage)
    }
    print(
      `killed ${stage} (${pid}) after ${sent} messages; process ${next} took its place after ${((Date.now() - killedAt) / 1000).toFixed(1)} s`,
    )
    await sleep((secondsEach * 1000) / 2)
  }
  loading = false
  await load
  const tries = await Promise.all(underWay)

  const expected = sent * 2
  const end = Date.now() + 120_000
  let ids = new Set<string>()
  while (ids.size < expected && Date.now() < end) {
    await sleep(500)
    const events = await world.arrived()
    ids = new Set(events.map(({ event_id }) => event_id))
  }
  await sleep(2_000)
  const events = await world.arrived()
  ids = new Set(events.map(({ event_id }) => event_id))
  const keywords = new Set(events.filter(({ event }) => event === 'Keyword').map(({ event_id }) => event_id)).size
  const resent = events.length - ids.size
  print(
    `\nmessages sent        ${sent} (${tries.filter((n) => n > 1).length} of them more than once, as the gateway was away)`,
  )
  print(`signals expected     ${expected}`)
  print(`signals at TikTok    ${ids.size} (${keywords} keyword, ${ids.size - keywords} conversation)`)
  print(`missing              ${expected - ids.size}`)
  print(`counted twice        ${Math.max(0, ids.size - expected)}`)
  print(`sent again, same id  ${resent} (recognised by TikTok's own deduplication)`)
  failed = ids.size !== expected || keywords !== sent
} catch (error) {
  failed = true
  print(`failed: ${(error as Error).message}`)
} finally {
  await world.stop()
}
print(failed ? '\nFAILED' : '\nnothing lost, nothing counted twice')
process.exit(failed ? 1 : 0)
