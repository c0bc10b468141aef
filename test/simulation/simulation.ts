/**
 * One simulation: people write, while processes, Kafka and Redis fail at any step. Then all faults end, and an oracle compares what
 * TikTok has counted with what was written. Everything follows from the seed.
 */

import { Codec } from '../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import { topics } from '../../services/topology.ts'
import { connectionRecord, messageEvent, noon, testEnvelopes, testKeyring } from '../support/builders.ts'
import { MemoryRegistry } from '../support/memory-registry.ts'
import { SimulatedRedisServer } from '../support/simulated-redis.ts'
import { Host } from './host.ts'
import { SimulatedKafka } from './kafka.ts'
import { oracle, type Person, story } from './people.ts'
import { type Shared, type SimulatedStage, stageNames, startStage } from './services.ts'
import { Simulated } from './time.ts'

/** Mends that a simulation can leave out, to show that it finds the fault. */
export const mends = ['checkpoints', 'comparison', 'order', 'lost', 'ingest'] as const
export type Mend = (typeof mends)[number]

export interface SimulationResult {
  readonly seed: number
  readonly steps: number
  /** ms */
  readonly simulated: number
  readonly faults: Readonly<Record<string, number>>
  /** What contradicts the guarantees; empty: nothing. */
  readonly problems: readonly string[]
}

/** More than instances, so that each has several, whose slices its stage shares. */
const partitions = 4
const instances = 2
/** Longer than the people write. */
const faultsForMs = 260_000
/** By then, all that waits has been decided. */
const drainMs = 900_000
export const waitMs = 60_000

const shared = (async () => ({ keyring: await testKeyring(), codec: await Codec.open(new MemoryRegistry()) }))()

export interface SimulationOptions {
  /** Mends that are left out. */
  readonly without?: ReadonlySet<Mend>
  /** The only kinds of faults; unset: the seed chooses. */
  readonly only?: readonly FaultName[]
  /** Whether referrals come in another partition than their messages, as over a second way in; unset: the seed chooses. */
  readonly hasTwoWays?: boolean
  /** Whether TikTok's answers are often lost, and a person has the waiting signals tried again; unset: the seed chooses. */
  readonly hasRetries?: boolean
}

const faultNames = [
  'kill',
  'stop',
  'stopAttribution',
  'redisLosesWrites',
  'redisAway',
  'redisEmptied',
  'kafkaAway',
] as const
export type FaultName = (typeof faultNames)[number]

export const simulate = async (
  seed: number,
  { without = new Set(), only, hasTwoWays = seed % 4 === 0, hasRetries = seed % 3 === 0 }: SimulationOptions = {},
): Promise<SimulationResult> => {
  const { keyring, codec } = await shared
  const time = new Simulated(seed, noon)
  const { random } = time
  const kafka = new SimulatedKafka(time, partitions)
  const redis = new SimulatedRedisServer()
  redis.comparesVersions = !without.has('comparison')
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord({ dataKey: keyring.newDataKey('acme-wa') }))
  const counted = new Map<string, string | null>()
  const faults: Record<string, number> = {}
  const problems: string[] = []
  let areFaults = true
  let retriedUntil = Number.NEGATIVE_INFINITY

  const common: Shared = {
    ...{ codec, keyring, directory, waitMs },
    envelopes: testEnvelopes(keyring, (id) => directory.byId(id)),
    hasCheckpoints: !without.has('checkpoints'),
    givesUpLost: !without.has('lost'),
    waitsForIngest: !without.has('ingest'),
    hasTwoWays,
    tiktok: (eventId, trackingId) => {
      const isKnown = counted.has(eventId)
      if (!isKnown) counted.set(eventId, trackingId)
      return isKnown
    },
    isAnswerLost: () => areFaults && random.chance(hasRetries ? 0.3 : 0.02),
    retriedUntil: () => retriedUntil,
  }

  let started = 0
  const hosts = new Map<string, { host: Host; stage: SimulatedStage }>()
  const start = (slot: string, stage: SimulatedStage) => {
    const host = new Host(`${slot}.${started++}`, time, kafka, redis, {
      isFenced: !without.has('comparison'),
      isOrdered: !without.has('order'),
    })
    hosts.set(slot, { host, stage })
    startStage(stage, host, common, (error) => {
      problems.push(`${stage} ended: ${error instanceof Error ? error.message : error}`)
    })
  }
  for (const stage of stageNames) for (let n = 0; n < instances; n++) start(`${stage}-${n}`, stage)

  const people: readonly Person[] = story(random, partitions, hasTwoWays)
  for (const { events } of people) {
    for (const { at, partition, fields } of events) {
      const value = Buffer.from(JSON.stringify(messageEvent(fields)))
      const headers = { 'received-at': String(noon + at) }
      time.after(at, () => kafka.append([{ topic: topics.channelEvents.name, key: null, value, headers, partition }]))
    }
  }

  const tick = () => {
    kafka.tick()
    time.after(1_000, tick)
  }
  tick()
  const snapshot = () => {
    if (random.chance(0.5)) redis.snapshot()
    time.after(2_000, snapshot)
  }
  snapshot()

  const inject: Record<FaultName, () => void> = {
    kill: () => {
      const [slot, { host, stage }] = random.pick([...hosts])
      host.kill()
      time.after(random.between(200, 15_000), () => start(slot, stage))
    },
    stop: () =>
      random.pick([...hosts.values()]).host.stop(random.between(500, 40_000), random.pick(['now', 'call', 'call'])),
    // Longer than its session, right before it saves.
    stopAttribution: () => {
      const some = [...hosts.values()].filter(({ stage }) => stage === 'attribution')
      random.pick(some).host.stop(random.between(11_000, 30_000), 'save')
    },
    redisLosesWrites: () => redis.crash(random.between(1, Math.max(1, redis.unsaved))),
    redisAway: () => {
      redis.away = true
      time.after(random.between(100, 8_000), () => {
        redis.away = false
      })
    },
    redisEmptied: () => {
      if (random.chance(0.1)) redis.flush()
    },
    kafkaAway: () => {
      kafka.isAway = true
      time.after(random.between(100, 8_000), () => {
        kafka.isAway = false
      })
    },
  }
  // Some kinds of faults in each simulation, so that one does not hide another.
  const kinds = only ?? faultNames.filter(() => random.chance(0.5))
  const maxPauseMs = random.between(3_000, 30_000)
  const fault = () => {
    if (time.elapsed > faultsForMs || kinds.length === 0) return
    const name = random.pick(kinds)
    faults[name] = (faults[name] ?? 0) + 1
    inject[name]()
    time.after(random.between(500, maxPauseMs), fault)
  }
  time.after(2_000, fault)
  const retry = () => {
    retriedUntil = time.now
    time.after(7_000, retry)
  }
  if (hasRetries) time.after(20_000, retry)
  await time.runUntil(noon + faultsForMs)
  areFaults = false
  // Until all is drained; a simulation whose records wait for ever reaches the end.
  const isIdle = oracle.isDrained(kafka)
  await time.runUntil(noon + drainMs, isIdle)
  problems.push(...oracle.problems({ people, kafka, codec, keyring, counted, isDrained: isIdle() }))
  for (const { host } of hosts.values()) host.kill()
  return { seed, steps: time.steps, simulated: time.elapsed, faults, problems }
}
