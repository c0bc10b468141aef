import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import type { RunState } from '../../services/local/supervisor/state-file.ts'
import { stageNames } from '../../services/topology.ts'
import { usage } from '../bench/usage.ts'
import { eventually } from '../support/eventually.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

/** `signals up --compact`: all services as threads of one process. */
describe('the pipeline in one process', () => {
  let world: World
  const state = () => JSON.parse(readFileSync(join(world.dataDir, 'state.json'), 'utf8')) as RunState
  const pid = () => state().children.gateway?.pid ?? 0
  const at = Date.now() - 60_000

  beforeAll(async () => {
    world = await openWorld({}, ['--compact'])
    await connectTwo(world)
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  const signalsOf = async (person: string, text: string, count: number, time: number) => {
    const before = (await world.arrived()).length
    await world.deliver(whatsappText(person, `wamid.${person}.${time}`, text, time))
    const events = (await world.arrivedCount(before + count)).slice(before)
    return events.map(({ event, user, properties }) => [event, user.ttclid, properties])
  }

  it('has one process for all stages', () => {
    const { children } = state()
    const pids = [...stageNames, 'console', 'simulator'].map((name) => children[name]?.pid)
    expect(new Set(pids)).toEqual(new Set([pid()]))
    expect(new Set(Object.values(world.pipeline.ready.pids))).toEqual(new Set([pid()]))
  })

  it('reports what the pipeline of many processes reports', async () => {
    const person = '5215551111111'
    expect(await signalsOf(person, 'hola https://x.example/?ttclid=E.C.P.one', 1, at)).toEqual([
      ['Conversation', 'E.C.P.one', {}],
    ])
    expect(await signalsOf(person, 'pago', 1, at + 1_000)).toEqual([['Keyword', 'E.C.P.one', { payment: true }]])
  })

  it('takes less memory than a few processes', () => {
    expect(usage(pid()).rss).toBeLessThan(600)
  })

  it('works again after its process was killed', async () => {
    const before = pid()
    process.kill(before, 'SIGKILL')
    await eventually('another process', () => pid() !== before)
    await eventually('a ready gateway', () =>
      fetch(`${world.pipeline.ready.metrics.gateway?.replace(/metrics$/, 'readyz')}`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    expect(await signalsOf('5215552222222', 'hola', 1, at + 2_000)).toEqual([['Conversation', undefined, {}]])
  }, 60_000)
})
