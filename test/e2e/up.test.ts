import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { runSignals } from '../../services/local/demo/pipeline.ts'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { identifyProcess, type ProcessIdentity } from '../../services/local/processes/processes.ts'
import type { RunState } from '../../services/local/supervisor/state-file.ts'
import { stageNames } from '../../services/topology.ts'
import { eventually } from '../support/eventually.ts'
import { connectTwo, noParts, openWorld, type World } from '../support/world.ts'

/** `signals up`, and kills of its processes. */
describe('signals up', () => {
  let world: World
  const state = () => JSON.parse(readFileSync(join(world.dataDir, 'state.json'), 'utf8')) as RunState
  const alive = (one: ProcessIdentity | undefined) =>
    one !== undefined && identifyProcess(one.pid)?.startedAt === one.startedAt

  beforeAll(async () => {
    world = await openWorld({ LIVENESS_SECONDS: '6' })
    await connectTwo(world)
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  it('refuses a second pipeline on its folder, and keeps running', async () => {
    const { code, stderr } = await world.pipeline.signals('up')
    expect(code).toBe(3)
    expect(stderr).toMatch(/already runs/)
    expect((await world.pipeline.signals('status', '--json')).code).toBe(0)
  })

  it.each(['gateway', 'keywords'])('restarts %s at the same address after a kill', async (stage) => {
    const before = state().children[stage] as ProcessIdentity
    process.kill(before.pid, 'SIGKILL')
    await eventually(`${stage} is back`, async () => {
      const now = state().children[stage]
      const url = world.pipeline.ready.metrics[stage]?.replace(/metrics$/, 'readyz') ?? ''
      return (
        now?.pid !== before.pid &&
        alive(now) &&
        (await fetch(url).then(
          ({ ok }) => ok,
          () => false,
        ))
      )
    })
  })

  it('kills and restarts a frozen stage', async () => {
    const before = state().children.attribution as ProcessIdentity
    process.kill(before.pid, 'SIGSTOP')
    await eventually('another process', () => state().children.attribution?.pid !== before.pid, 45_000)
    expect(alive(before)).toBe(false)
  }, 60_000)

  it('processes the next message after a kill of Redis', async () => {
    process.kill((state().children.redis as ProcessIdentity).pid, 'SIGKILL')
    const before = (await world.arrived()).length
    await world.deliver(whatsappText('5215558888888', 'wamid.redis', 'pago', Date.now()))
    expect((await world.arrivedCount(before + 2)).length).toBe(before + 2)
  })

  it('keeps its conversations when Redis is emptied', async () => {
    const person = '5215557777777'
    const before = (await world.arrived()).length
    const at = Date.now() - 60_000
    await world.deliver(whatsappText(person, 'wamid.flush.1', 'https://x.example/?ttclid=E.C.P.flush', at))
    await world.arrivedCount(before + 1)
    const redis = new Redis(world.pipeline.ready.redis)
    await redis.flushall()
    redis.disconnect()
    await world.deliver(whatsappText(person, 'wamid.flush.2', 'pago', at + 1_000))
    const events = (await world.arrivedCount(before + 2)).slice(before)
    expect(events.map(({ event, user }) => [event, user.ttclid])).toEqual([
      ['Conversation', 'E.C.P.flush'],
      ['Keyword', 'E.C.P.flush'],
    ])
  })

  it('runs the services from the bundle', () => {
    const files = stageNames.map((stage) => {
      const command = readFileSync(`/proc/${state().children[stage]?.pid}/cmdline`, 'utf8')
      return command.split('\0').find((part) => part.endsWith('.js'))
    })
    expect(files).toEqual(stageNames.map((stage) => expect.stringMatching(`/bundles/[0-9a-f]{32}/${stage}.js$`)))
  })

  it('gives no process a secret that is not for its work', () => {
    const environmentOf = (name: string) =>
      readFileSync(`/proc/${(state().children[name] as ProcessIdentity).pid}/environ`, 'utf8').split('\0')
    const secretsIn = (name: string) =>
      environmentOf(name).flatMap((line) => /^(\w*(?:KEY|KEYS|TOKEN|SECRET|PREVIOUS))=/.exec(line)?.[1] ?? [])
    const seen = Object.keys(state().children).map((name) => [name, secretsIn(name).sort()])
    expect(Object.fromEntries(seen)).toEqual({
      kafka: [],
      registry: [],
      redis: [],
      simulator: [],
      gateway: [
        'INGEST_TOKEN',
        'SIGNALS_KEYS',
        'STATUS_TOKEN',
        'TIKTOK_WEBHOOK_SECRET',
        'WHATSAPP_VERIFY_TOKEN',
        'WHATSAPP_WEBHOOK_SECRET',
      ],
      ingest: ['SIGNALS_KEYS', 'STATUS_TOKEN'],
      attribution: ['SIGNALS_KEYS'],
      keywords: ['SIGNALS_KEYS'],
      dispatch: ['SIGNALS_KEYS'],
      console: ['ADMIN_TOKEN', 'SIGNALS_KEYS', 'STATUS_TOKEN', 'TIKTOK_APP_SECRET'],
    })
    const { SIGNALS_MASTER_KEY } = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8'))
    for (const name of Object.keys(state().children))
      expect(environmentOf(name).join()).not.toContain(SIGNALS_MASTER_KEY)
  })

  it('prints the keys of one process, for a process that is started elsewhere', async () => {
    const { code, stdout } = await world.pipeline.signals('keys', 'issue', 'dispatch')
    expect(code).toBe(0)
    const { holder, wrapping } = JSON.parse(Buffer.from(stdout.trim(), 'base64').toString())
    expect([holder, Object.keys(wrapping)]).toEqual(['dispatch', ['token']])
    const file = join(world.dataDir, 'keys-of-dispatch')
    expect(await world.pipeline.signals('keys', 'issue', 'dispatch', '--file', file)).toMatchObject({
      code: 0,
      stdout: `the keys of dispatch are in ${file}\n`,
    })
    expect(readFileSync(file, 'utf8')).toBe(stdout)
    expect((await world.pipeline.signals('keys', 'issue', 'nonsense')).code).toBe(2)
  })

  it('has the declared topics, no lag, and no problem for the doctor', async () => {
    expect(JSON.parse((await world.pipeline.signals('topics', 'plan', '--json')).stdout)).toMatchObject({ changes: [] })
    const lag = JSON.parse((await world.pipeline.signals('lag', '--json')).stdout) as { stages: { messages: number }[] }
    expect(lag.stages.map(({ messages }) => messages)).toEqual([0, 0, 0, 0])
    const doctor = await world.pipeline.signals('doctor', '--json')
    expect(
      (JSON.parse(doctor.stdout) as { verdict: string; what: string }[]).filter(({ verdict }) => verdict === 'bad'),
    ).toEqual([])
    expect(doctor.code).toBe(0)
  })

  it('is known without its state file, by what its processes say in Redis', async () => {
    const file = join(world.dataDir, 'state.json')
    const env = { ...process.env, ...noParts, SIGNALS_DATA_DIR: world.dataDir, REDIS_URL: world.pipeline.ready.redis }
    const before = state()
    renameSync(file, `${file}.away`)
    const read = async () => {
      const { code, stdout } = await runSignals(['status', '--json'], env)
      const { stages, processes } = JSON.parse(stdout) as {
        stages: Record<string, { pid: number; state: string }>
        processes: { stage: string; partitions?: Record<string, number[]> }[]
      }
      return { code, stages, processes }
    }
    let status: Awaited<ReturnType<typeof read>> | undefined
    // Each process says every 5 s what it has: a story above empties Redis, and another has stages killed, which then get their partitions.
    await eventually('every process with its partitions', async () => {
      status = await read()
      const { partitions = {} } = status.processes.find(({ stage }) => stage === 'ingest') ?? {}
      return status.processes.length === stageNames.length + 1 && Object.keys(partitions).length > 0
    }).finally(() => renameSync(`${file}.away`, file))
    const { code, stages = {}, processes = [] } = status ?? {}
    expect(processes.map(({ stage }) => stage)).toEqual([...stageNames, 'control'])
    for (const stage of stageNames)
      expect(stages[stage]).toMatchObject({ pid: before.children[stage]?.pid, state: 'running' })
    expect(code).toBe(0)
    expect(processes.find(({ stage }) => stage === 'ingest')).toMatchObject({
      version: JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version,
      partitions: { 'channel-events.v1': [0, 1, 2, 3, 4, 5] },
    })
  })

  it('has a doctor that detects the master key of another pipeline', async () => {
    const SIGNALS_MASTER_KEY = randomBytes(32).toString('base64')
    const { code, stdout } = await runSignals(['doctor', '--json'], {
      ...process.env,
      ...noParts,
      SIGNALS_DATA_DIR: world.dataDir,
      SIGNALS_MASTER_KEY,
    })
    const results = JSON.parse(stdout) as { verdict: string; what: string }[]
    expect(results.filter(({ verdict }) => verdict === 'bad').map(({ what }) => what)).toEqual([
      expect.stringMatching(/^SIGNALS_MASTER_KEY is not the key of this pipeline/),
    ])
    expect(code).toBe(1)
  })

  it('has a health report of every process', async () => {
    const { metrics, console: console_ } = world.pipeline.ready
    for (const base of [...Object.values(metrics).map((url) => url.replace(/\/metrics$/, '')), console_]) {
      for (const path of ['livez', 'readyz', 'healthz', 'metrics'])
        expect([path, (await fetch(`${base}/${path}`)).status]).toEqual([path, 200])
      expect(await (await fetch(`${base}/healthz`)).json()).toMatchObject({
        state: 'running',
        healthy: true,
        ready: true,
      })
    }
  })

  it.each<[string[], number]>([
    [['nonsense'], 2],
    [['connections', 'add'], 2],
    [['connections', 'show', 'unknown'], 2],
    [['keywords', 'test'], 2],
    [['--help'], 0],
    [['connections', 'resume', '--help'], 0],
  ])('exits %j with code %i', async (args, code) => {
    expect((await world.pipeline.signals(...args)).code).toBe(code)
  })

  it('leaves no process behind when its supervisor is killed', async () => {
    const { supervisor, children } = state()
    process.kill(supervisor?.pid as number, 'SIGKILL')
    await eventually('all children have ended', () => Object.values(children).every((child) => !alive(child)), 30_000)
  })
})
