import { Health } from '../../../../services/runtime/health/health.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import type { Broker } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { followTables } from '../../../../services/runtime/topics/follow-tables.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord, consumedRecord } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

describe('tables that are followed', () => {
  it('leave other work its turns while thousands of records come at once', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const value = codec.encode('connections', connectionRecord())
    const records = Array.from({ length: 10 }, () =>
      consumedRecord({ topic: topics.connections.name, key: 'acme-wa', value }),
    )
    const broker = {
      // As one fetch: nothing but the promise of each record lies between two of them.
      follow: async (_topics: readonly string[], onRecord: (record: (typeof records)[number]) => Promise<void>) => {
        for (const record of records) await onRecord(record)
        return { ended: new Promise<void>(() => {}), stop: async () => {} }
      },
    } as unknown as Broker
    let turns = 0
    let isOver = false
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const seen: number[] = []
    const connections = () => {
      // As long as a turn may take, whatever the clock of the test's machine does.
      for (const end = performance.now() + 11; performance.now() < end; );
      seen.push(turns)
    }
    await followTables(
      { connections },
      { broker, codec, health: new Health(new FakeClock()), log: createLog('t', 'silent') },
    )
    isOver = true
    expect(seen).toHaveLength(10)
    expect(seen.at(-1)).toBeGreaterThanOrEqual(9)
  })
})
