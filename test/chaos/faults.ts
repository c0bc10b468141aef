/** The faults of chaos, and how many of each a run has. Each ends by itself; what it hurt must come back without help. */
import { appendFileSync } from 'node:fs'
import type { Fault as TikTokFault } from '../../services/local/simulator/faults.ts'
import type { Rig } from './rig.ts'

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export interface ChaosFault {
  readonly name: string
  /** Processes that it ends by SIGKILL. */
  readonly kills: number
  run(rig: Rig): Promise<void>
}

/** Longer than a session of 10 s, shorter than the 20 s after which `signals up` ends what does not answer. */
const frozenMs = 13_000
/** A broker is fenced by the controllers after 9 s. */
const brokerFrozenMs = 15_000
const brokerAwayMs = 5_000
const tiktokFaultMs = 8_000
const diskFullMs = 12_000
const lostWritesMs = 3_000
const slowMs = 10_000

const stageFaults = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'].map(
  (stage): ChaosFault => ({ name: `kill ${stage}`, kills: 1, run: (rig) => rig.kill(stage) }),
)

const secondFaults = [0, 1, 2, 3].map(
  (n): ChaosFault => ({
    name: `kill the second ${['ingest', 'attribution', 'keywords', 'dispatch'][n]}`,
    kills: 1,
    run: async ({ seconds }) => seconds[n]?.signal('SIGKILL'),
  }),
)

const freeze = (stage: 'ingest' | 'attribution' | 'dispatch'): ChaosFault => ({
  name: `freeze ${stage} beyond its session`,
  kills: 0,
  run: async (rig) => {
    const pid = rig.processOf(stage)?.pid
    if (pid === undefined) throw new Error(`${stage} does not run`)
    process.kill(pid, 'SIGSTOP')
    await sleep(frozenMs)
    process.kill(pid, 'SIGCONT')
  },
})

/** The brokers in turn. */
const brokerFaults = [0, 1, 2].map(
  (n): ChaosFault => ({
    name: 'kill a broker',
    kills: 1,
    run: async ({ cluster }) => {
      const id = cluster.nodes[n]?.id as number
      await cluster.kill(id)
      await sleep(brokerAwayMs)
      if (!cluster.isRunning(id)) cluster.resume(id)
    },
  }),
)

const allBrokers: ChaosFault = {
  name: 'kill all brokers',
  kills: 3,
  run: async (rig) => {
    await Promise.all(rig.cluster.nodes.map(({ id }) => rig.cluster.kill(id)))
    await sleep(brokerAwayMs)
    rig.resumeBrokers()
  },
}

const freezeBroker: ChaosFault = {
  name: 'freeze a broker beyond its session',
  kills: 0,
  run: async ({ cluster }) => {
    const id = cluster.nodes[1]?.id as number
    cluster.freeze(id, true)
    await sleep(brokerFrozenMs)
    cluster.freeze(id, false)
  },
}

const killRedis: ChaosFault = { name: 'kill Redis', kills: 1, run: (rig) => rig.restartRedis() }

const wipeRedis: ChaosFault = {
  name: 'wipe Redis',
  kills: 0,
  run: async ({ redis }) => void (await redis.command('FLUSHALL')),
}

/** What Redis acknowledged in these seconds is gone when it is back. */
const loseWrites: ChaosFault = {
  name: 'Redis loses acknowledged writes',
  kills: 1,
  run: async ({ redis }) => {
    await redis.keepAppended()
    await sleep(lostWritesMs)
    await redis.kill()
    redis.restoreAppended()
    await redis.start()
  },
}

/** Writes are refused as with `maxmemory` reached. */
const fullRedis: ChaosFault = {
  name: 'Redis is full',
  kills: 0,
  run: async ({ redis }) => {
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    await sleep(slowMs)
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
  },
}

/** Redis answers nobody for most of the time. */
const slowRedis: ChaosFault = {
  name: 'Redis is slow',
  kills: 0,
  run: async ({ redis }) => {
    for (const end = Date.now() + slowMs; Date.now() < end; await sleep(500))
      await redis.command('CLIENT', 'PAUSE', 450)
  },
}

const killRegistry: ChaosFault = { name: 'kill the registry', kills: 1, run: (rig) => rig.kill('registry') }

const freezeRegistry: ChaosFault = {
  name: 'freeze the registry',
  kills: 1,
  run: async (rig) => {
    const pid = rig.processOf('registry')?.pid
    if (pid === undefined) throw new Error('the registry does not run')
    process.kill(pid, 'SIGSTOP')
    // A stage that starts meanwhile needs it.
    await rig.kill('keywords')
    await sleep(frozenMs)
    process.kill(pid, 'SIGCONT')
  },
}

const killSupervisor: ChaosFault = { name: 'kill signals up', kills: 1, run: (rig) => rig.killSupervisor() }

const tiktok = (name: string, fault: Partial<TikTokFault>): ChaosFault => ({
  name: `TikTok's answers are ${name}`,
  kills: 0,
  run: async ({ simulator: { state } }) => {
    state.faults.add({ taken: true, ...fault })
    await sleep(tiktokFaultMs)
    state.faults.clear()
  },
})

const half = '{"code":0,"message":"OK","reque'
const tiktokFaults = [
  tiktok('lost', { reset: true }),
  tiktok('not there', { timeout: true }),
  tiktok('cut in half', { body: half }),
  // Of one call with several events: what is refused when it is sent alone counts as rejected, and rightly so.
  tiktok('for half of the events', {
    ...{ taken: false, count: 1, minEvents: 2 },
    partial: { places: [0, 2, 4, 6, 8], eventIds: [], hint: false },
  }),
]

const fullDisk: ChaosFault = {
  name: 'the disk is full',
  kills: 0,
  run: async (rig) => {
    if (!rig.disk.isLimited) throw new Error('the disk cannot be filled without root')
    rig.disk.fill()
    await sleep(diskFullMs)
    rig.disk.empty()
    appendFileSync(`${rig.dataDir}/space`, '.')
    // Kafka ends when it cannot write.
    await sleep(1_000)
    rig.resumeBrokers()
  },
}

/** `count` of them, in turn. */
const several = (count: number, faults: readonly ChaosFault[]): ChaosFault[] =>
  Array.from({ length: count }, (_, n) => faults[n % faults.length] as ChaosFault)

/** 100 kills, and everything else twice. */
const fullRun = [
  ...several(40, stageFaults),
  ...several(18, secondFaults),
  ...several(13, brokerFaults),
  ...several(2, [allBrokers]),
  ...several(5, [killRedis]),
  ...several(6, [killRegistry]),
  ...several(8, [killSupervisor]),
  ...several(2, [loseWrites]),
  ...several(2, [freezeRegistry]),
  ...several(2, [wipeRedis]),
  ...several(1, [fullRedis]),
  ...several(1, [slowRedis]),
  ...several(3, [freeze('attribution'), freeze('ingest'), freeze('dispatch')]),
  ...several(2, [freezeBroker]),
  ...several(4, tiktokFaults),
  ...several(1, [fullDisk]),
]

/** One of each kind. */
const shortRun = [
  ...several(5, stageFaults),
  ...several(2, secondFaults),
  ...several(2, brokerFaults),
  ...[killRedis, killRegistry, killSupervisor, loseWrites, wipeRedis, freeze('attribution'), freezeBroker],
  ...tiktokFaults,
  fullDisk,
]

export const runs = { short: shortRun, full: fullRun } as const

/** One of each name. @throws Error naming one that does not exist */
export const faultsNamed = (names: readonly string[]): readonly ChaosFault[] =>
  names.map((name) => {
    const found = fullRun.find((one) => one.name === name)
    if (found) return found
    throw new Error(`--only: ${name} must be one of ${[...new Set(fullRun.map((one) => one.name))].join(', ')}`)
  })

/** The same order for the same seed. */
export const shuffled = (faults: readonly ChaosFault[], seed: number): readonly ChaosFault[] => {
  let state = seed >>> 0
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % below
  }
  const left = [...faults]
  return Array.from(faults, () => left.splice(next(left.length), 1)[0] as ChaosFault)
}
