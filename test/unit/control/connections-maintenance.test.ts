import { ConnectionsMaintenance } from '../../../services/control/maintenance/connections-maintenance.ts'
import type { ProducerRecord } from '../../../services/runtime/ports.ts'
import { topics } from '../../../services/topology.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const open = () => {
  const clock = new FakeClock()
  const repaired: string[] = []
  const sent: ProducerRecord[] = []
  const errors: unknown[] = []
  const broken = new Set<string>()
  const maintenance = new ConnectionsMaintenance({
    writer: {
      repair: async (id) => {
        if (broken.has(id)) throw new Error('down')
        repaired.push(id)
      },
    },
    producer: { send: async (records) => void sent.push(...records) },
    timers: clock,
    onError: (error) => errors.push(error),
  })
  return { clock, maintenance, repaired, sent, errors, broken }
}

describe('the maintenance of connections', () => {
  it('repairs a losing record whose writer does not overwrite it', async () => {
    const { clock, maintenance, repaired } = open()
    maintenance.followed('a', 'stale')
    maintenance.followed('b', 'stale')
    await clock.advance(4_999)
    maintenance.followed('b', 'applied')
    expect(repaired).toEqual([])
    await clock.advance(1)
    expect(repaired).toEqual(['a'])
    await clock.advance(11_000)
    expect(clock.pending).toBe(0)
  })

  it('repairs once however many losing records follow, and reports a failure', async () => {
    const { clock, maintenance, repaired, errors, broken } = open()
    maintenance.followed('a', 'stale')
    await clock.advance(3_000)
    maintenance.followed('a', 'stale')
    broken.add('b')
    maintenance.followed('b', 'stale')
    await clock.advance(10_000)
    expect(repaired).toEqual(['a'])
    expect(errors).toHaveLength(1)
  })

  it('forces a segment roll by a tombstone of no connection', async () => {
    const { maintenance, sent } = open()
    await maintenance.forceSegmentRoll()
    expect(sent).toEqual([
      { topic: topics.connections.name, key: '~', value: null },
      { topic: topics.dataSecrets.name, key: '~', value: null },
    ])
  })

  it('closes the segment of the last change once it is old enough, after a start as well, and not for its own record', async () => {
    const { clock, maintenance, sent } = open()
    maintenance.followed('a', 'applied')
    await clock.advance(10_500)
    // The second change may begin a segment of its own, which is younger.
    maintenance.followed('b', 'applied')
    await clock.advance(10_999)
    expect(sent).toEqual([])
    await clock.advance(1)
    expect(sent.map(({ key }) => key)).toEqual(['~', '~'])
    maintenance.followed('~', 'applied')
    await clock.advance(60_000)
    expect(sent).toHaveLength(2)
  })
})
