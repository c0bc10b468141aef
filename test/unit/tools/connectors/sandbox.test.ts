import type { ConsumedRecord } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { sandboxProblemOf, sandboxSignals } from '../../../../services/tools/connectors/sandbox.ts'
import { connectionRecord, consumedRecord } from '../../../support/builders.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

describe('the signals of a sandbox', () => {
  it('are those of its connection, oldest first; what cannot be read is left out', async () => {
    const codec = await Codec.open(new MemoryRegistry())
    const nothing = {
      event: null,
      value: null,
      currency: null,
      origin: null,
      hasTrackingId: true,
      flags: [],
      test: false,
    }
    const delivery = (signalId: string, connectionId: string, timestamp: number) =>
      consumedRecord({
        topic: 'deliveries.v1',
        timestamp,
        value: codec.encode('deliveries', {
          ...{ signalId, connectionId, kind: 'conversation', outcome: 'counted', code: null, requestId: null },
          ...{ attempt: 1, occurredAt: 1, sentAt: null, settledAt: timestamp },
          ...nothing,
        }),
      })
    const records = [
      delivery('b', 'try', 2),
      delivery('a', 'try', 1),
      delivery('c', 'other', 3),
      consumedRecord({ topic: 'deliveries.v1', value: Buffer.from('no Avro'), timestamp: 4 }),
    ]
    const broker = {
      offsetsAt: async (_topic: string, time: number) => new Map([[0, time === 0 ? 0n : BigInt(records.length)]]),
      read: async (_topic: string, _ranges: unknown, onRecords: (read: readonly ConsumedRecord[]) => unknown) => {
        await onRecords(records)
      },
    }
    const found = await sandboxSignals(broker as never, codec, 'try', 100)
    expect(found.map(({ signalId, outcome }) => [signalId, outcome])).toEqual([
      ['a', 'counted'],
      ['b', 'counted'],
    ])
  })

  it('are shown for a sandbox alone', () => {
    expect(sandboxProblemOf('try', connectionRecord({ sandbox: true }) as never)).toBeNull()
    expect(sandboxProblemOf('try', connectionRecord() as never)).toMatch(/"sandbox": true/)
    expect(sandboxProblemOf('try', undefined)).toMatch(/signals connections list/)
  })
})
