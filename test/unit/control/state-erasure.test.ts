import { StateErasure } from '../../../services/control/maintenance/state-erasure.ts'
import { ConnectionDirectory } from '../../../services/shared/connections/directory.ts'
import type { ConnectionRecord } from '../../../services/shared/model/connection-record.ts'
import type { Touches } from '../../../services/shared/model/topic-values.ts'
import { connectionRecord, noon } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryRedis } from '../../support/memory-redis.ts'

const ended = { status: 'disconnected', connectedAt: noon - 1_000, disconnectedAt: noon } as const
const touchesOf = (connectionId: string, consent: number | null = null) => ({ connectionId, consent }) as Touches

const open = (redis = new MemoryRedis(), clock = new FakeClock(noon)) => {
  const directory = new ConnectionDirectory()
  const history: string[] = []
  const errors: unknown[] = []
  const world = {
    ...{ redis, clock, history, errors },
    state: [] as Touches[],
    sweeps: 0,
    isAway: false,
    follow: (fields: Partial<ConnectionRecord>) => {
      const record = connectionRecord(fields)
      directory.apply(record.connectionId, record)
      erasure.followed(record.connectionId)
    },
    stop: () => erasure.stop(),
  }
  const erasure = new StateErasure({
    ...{ directory, redis, clock },
    writer: {
      appendHistory: async ({ connectionId }, { action, detail }) =>
        void history.push(`${connectionId} ${action} ${detail}`),
    },
    erase: async (isErased) => {
      if (world.isAway) throw new Error('Kafka is away')
      world.sweeps++
      const erased = world.state.filter(isErased)
      world.state = world.state.filter((one) => !isErased(one))
      return erased
    },
    onError: (error) => errors.push(error),
  })
  return world
}

describe('the state of an ended consent', () => {
  it('is erased once the stages know of the disconnect, and again what came later; the history says so', async () => {
    const world = open()
    world.state = [touchesOf('acme-wa'), touchesOf('other'), touchesOf('acme-wa')]
    world.follow({ connectionId: 'other' })
    world.follow(ended)
    await world.clock.advance(14_999)
    expect(world.sweeps).toBe(0)
    await world.clock.advance(1)
    expect(world.state).toEqual([touchesOf('other')])
    world.state.push(touchesOf('acme-wa'))
    await world.clock.advance(200_000)
    expect(world.state).toEqual([touchesOf('other')])
    expect(world.history).toEqual(['acme-wa state_erased 3 conversations'])
    expect([world.sweeps, world.clock.pending]).toEqual([2, 0])
  })

  it('is told from that of the next consent', async () => {
    const world = open()
    const connectedAt = noon + 5_000
    world.state = [touchesOf('acme-wa'), touchesOf('acme-wa', connectedAt)]
    world.follow(ended)
    const { source, accountId } = connectionRecord()
    world.follow({ connectedAt, earlierConsents: [{ source, accountId, from: noon - 1_000, to: noon }] })
    await world.clock.advance(200_000)
    expect(world.state).toEqual([touchesOf('acme-wa', connectedAt)])
  })

  it('is erased by the next process where one was stopped, and not again when that is done', async () => {
    const first = open()
    first.follow(ended)
    await first.stop()
    const second = open(first.redis)
    second.follow(ended)
    await second.clock.advance(200_000)
    expect(second.history).toHaveLength(1)
    const third = open(first.redis)
    third.follow(ended)
    await third.clock.advance(200_000)
    expect([third.sweeps, third.history]).toEqual([0, []])
  })

  it('is erased as soon as Kafka is back', async () => {
    const world = open()
    world.isAway = true
    world.state = [touchesOf('acme-wa')]
    world.follow(ended)
    await world.clock.advance(20_000)
    expect(world.errors).toHaveLength(1)
    world.isAway = false
    await world.clock.advance(60_000)
    expect(world.state).toEqual([])
  })

  it('causes no work for connections whose consent is in force, or ended so long ago that the topic has none', async () => {
    const world = open()
    world.follow({ connectionId: 'a' })
    world.follow({ ...ended, disconnectedAt: noon - 42 * 86_400_000 })
    await world.clock.advance(200_000)
    expect(world.sweeps).toBe(0)
  })
})
