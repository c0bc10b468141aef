/**
 * `make chaos`: kills, stops and losses at random under load, then compares what TikTok has counted with what was written, event by
 * event. Nothing may be missing, counted twice or credited to another ad.
 *
 *   node test/chaos/main.ts [--minutes 25] [--rate 40]     people a second, two messages each
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startPipeline } from '../../services/local/demo/pipeline.ts'
import type { Request } from '../../services/local/demo/webhooks.ts'
import { type Arrived, connectTwo, openWorld, type World } from '../support/world.ts'
import { openFaults } from './faults.ts'
import { People } from './people.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '25' }, rate: { type: 'string', default: '40' } },
})
const minutes = Number(values.minutes)
const rate = Number(values.rate)
const print = (line: string) => process.stdout.write(`${line}\n`)
/** Of the time, so that 25 minutes hold a hundred kills. */
const faultShare = 0.75
const kills = Math.max(10, Math.round(minutes * 4))
const secondAfterMs = 20_000
const hourMs = 3_600_000

/** A simulator of its own, which outlives the supervisor. */
const startSimulator = async (): Promise<{ url: string; stop(): void }> => {
  const main = join(import.meta.dirname, '../../services/local/simulator/main.ts')
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, SIMULATOR_PORT: String(port), SIMULATOR_KEEP: '1000000' },
    stdio: 'ignore',
  })
  const url = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const isReady = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return { url, stop: () => void child.kill() }
    if (tries > 100) throw new Error('the simulator is not ready')
    await sleep(100)
  }
}

/** Posts again until the gateway accepts it, as a source does. */
const untilAccepted = async (world: World, request: Request): Promise<number> => {
  for (let tries = 1; ; tries++) {
    const status = await world.post(request).then(
      async (response) => {
        await response.arrayBuffer()
        return response.status
      },
      () => 0,
    )
    if (status === 200) return tries
    if (tries > 600) throw new Error(`not accepted after ${tries} tries, last status ${status}`)
    await sleep(500)
  }
}

const eventsAt = async (tiktok: string): Promise<Arrived[]> => {
  const events: Arrived[] = []
  for (let since = 0; ; ) {
    const response = await fetch(`${tiktok}/_events?since=${since}&limit=20000`)
    const page = (await response.json()) as { events: { seq: number; event: Arrived }[] }
    for (const { seq, event } of page.events) {
      since = seq
      events.push(event)
    }
    if (page.events.length < 20_000) return events
  }
}

const simulator = await startSimulator()
const env = { LOG_LEVEL: 'warn', TIKTOK_BASE_URL: simulator.url }
const world = await openWorld(env)
let failed = true
let pipeline = world.pipeline
try {
  await connectTwo(world)
  const supervisorPid = () =>
    (JSON.parse(readFileSync(join(world.dataDir, 'state.json'), 'utf8')) as { supervisor: { pid: number } }).supervisor
      .pid
  const faults = openFaults({
    dataDir: world.dataDir,
    tiktok: simulator.url,
    supervisorPid,
    restartSupervisor: async () => {
      pipeline = await startPipeline(world.dataDir, world.env)
    },
  })

  const people = new People(Date.now() - 20 * hourMs)
  const posting: Promise<number>[] = []
  let isLoading = true
  const load = (async () => {
    const started = Date.now()
    while (isLoading) {
      const due = Math.floor(((Date.now() - started) * rate) / 1_000)
      while (people.count < due) {
        const { first, second } = people.next()
        posting.push(
          untilAccepted(world, first),
          sleep(secondAfterMs).then(() => untilAccepted(world, second)),
        )
      }
      await sleep(20)
    }
  })()

  const began = Date.now()
  const counts = new Map<string, number>()
  const names = Object.keys(faults)
  const killing = names.filter((name) => name.startsWith('kill ') && name !== 'kill supervisor')
  const others = names.filter((name) => !name.startsWith('kill '))
  // Each kind of fault comes, and the kills fill up the rest.
  const once_ = [...others, 'empty redis', 'lose writes of redis', 'kill supervisor']
  const plan = [...once_, ...Array.from({ length: kills }, (_, n) => killing[n % killing.length] as string)]
    .map((name) => ({ name, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
  const pauseMs = (minutes * 60_000 * faultShare) / plan.length
  for (const { name } of plan) {
    if (Date.now() - began > minutes * 60_000 * faultShare) break
    await sleep(pauseMs * Math.random())
    await faults[name]?.()
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  await sleep(2_000)
  isLoading = false
  await load
  const tries = await Promise.all(posting)

  const expected = people.count * 2
  const end = Date.now() + 240_000
  let result = people.compare(await eventsAt(simulator.url))
  while (result.missing > 0 && Date.now() < end) {
    await sleep(2_000)
    result = people.compare(await eventsAt(simulator.url))
  }
  await sleep(5_000)
  const events = await eventsAt(simulator.url)
  result = people.compare(events)
  const ids = new Set(events.map(({ event_id }) => event_id)).size
  print(`faults               ${Array.from(counts, ([name, count]) => `${name} ${count}`).join(', ')}`)
  print(
    `kills                ${Array.from(counts).reduce((sum, [name, count]) => sum + (name.startsWith('kill') ? count : 0), 0)}`,
  )
  print(`messages sent        ${people.count * 2} (${tries.filter((n) => n > 1).length} of them more than once)`)
  print(`signals expected     ${expected}`)
  print(`signals at TikTok    ${ids}`)
  print(`missing              ${result.missing}`)
  print(`counted twice        ${result.double}`)
  print(`with other content   ${result.wrong}`)
  print(`sent again, same id  ${events.length - ids} (recognised by TikTok's own deduplication)`)
  print(`minutes              ${((Date.now() - began) / 60_000).toFixed(1)}`)
  if (result.first) print(`the first of them    ${result.first}`)
  failed = result.missing + result.double + result.wrong > 0
} catch (error) {
  print(`failed: ${(error as Error).message}`)
} finally {
  await pipeline.stop()
  await world.stop()
  simulator.stop()
}
print(failed ? '\nFAILED' : '\nnothing lost, nothing counted twice, nothing credited wrongly')
process.exit(failed ? 1 : 0)
