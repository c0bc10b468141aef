import type { CompletenessMarker } from '../../../../services/dispatch/sent-log/completeness-marker.ts'
import { RebuildingSentLog } from '../../../../services/dispatch/sent-log/rebuild.ts'
import { BucketSentLog } from '../../../../services/dispatch/sent-log/sent-log.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import type { Delivery } from '../../../../services/shared/model/topic-values.ts'
import { deliveryOf, noon, signal } from '../../../support/builders.ts'
import { MemoryHourBuckets } from '../../../support/memory-hour-buckets.ts'

const dayMs = 86_400_000
const sent = signal({ signalId: '5e'.repeat(16) })
const delivery = (fields: Partial<Delivery> = {}): Delivery =>
  deliveryOf(sent, { attempt: 2, sentAt: noon + 10, settledAt: noon + 40, ...fields })

/** A marker in memory; a test empties it together with the buckets. */
class MemoryMarker implements CompletenessMarker {
  isComplete = false
  token: string | null = null
  async lost() {
    return this.isComplete ? [] : [0]
  }
  async begin(_parts: readonly number[], token: string) {
    this.token = token
  }
  async complete(_parts: readonly number[], token: string) {
    if (this.token === token) this.isComplete = true
  }
}

const open = (deliveries: readonly Delivery[], during: (rebuild: number) => void = () => {}) => {
  const buckets = new MemoryHourBuckets()
  const marker = new MemoryMarker()
  let rebuilds = 0
  const sentLog = new RebuildingSentLog({
    sentLog: new BucketSentLog(buckets),
    buckets,
    marker,
    readDeliveries: async (onBatch, since) => {
      during(++rebuilds)
      await onBatch(deliveries.filter(({ settledAt }) => settledAt >= since))
    },
    now: () => noon + dayMs,
    keepMs: 8 * dayMs,
  })
  return { sentLog, buckets, marker, rebuilds: () => rebuilds }
}

describe('a sent log that Redis has lost', () => {
  it('is rebuilt before a read returns', async () => {
    const { sentLog, rebuilds } = open([delivery()])
    expect(await sentLog.read([sent])).toEqual([
      {
        final: { outcome: 'accepted', code: 0, requestId: null, attempt: 2, sentAt: noon + 10, at: noon + 40 },
        recorded: true,
      },
    ])
    await sentLog.read([sent])
    expect(rebuilds()).toBe(1)
  })

  it.each(['expired', 'withheld'] as const)('has no record of a signal that was not sent: %s', async (outcome) => {
    const { sentLog } = open([delivery({ outcome, code: null, sentAt: null })])
    expect(await sentLog.read([sent])).toEqual([null])
  })

  it('has no record that would have expired by now', async () => {
    const { sentLog } = open([delivery({ settledAt: noon - 8 * dayMs })])
    expect(await sentLog.read([sent])).toEqual([null])
  })

  it('gets back what was delivered since the last write that Redis still has', async () => {
    const later = signal({ signalId: '6f'.repeat(16) })
    const { sentLog, buckets } = open([delivery(), delivery({ ...deliveryOf(later), settledAt: noon + 500 })])
    await sentLog.ensureComplete()
    buckets.values.clear()
    await sentLog.restoreSince(noon + 100)
    expect((await sentLog.read([sent, later])).map((record) => record?.final.at ?? null)).toEqual([null, noon + 500])
  })

  it('keeps what was written during the rebuild', async () => {
    const { sentLog } = open([delivery()])
    const final = {
      outcome: 'rejected',
      code: 40002,
      requestId: null,
      attempt: 1,
      sentAt: noon,
      at: noon + 1,
    } as const
    await sentLog.write([{ signal: sent, final, recorded: false }])
    expect(await sentLog.read([sent])).toEqual([{ final, recorded: false }])
  })

  it('is rebuilt again when Redis loses data during the rebuild', async () => {
    const { sentLog, rebuilds, buckets, marker } = open([delivery()], (rebuild) => {
      if (rebuild > 1) return
      buckets.values.clear()
      marker.token = null
    })
    expect((await sentLog.read([sent]))[0]?.recorded).toBe(true)
    expect(rebuilds()).toBe(2)
  })

  it('is rebuilt once for all batches that read it', async () => {
    const { sentLog, rebuilds } = open([delivery()])
    await Promise.all([sentLog.read([sent]), sentLog.read([sent]), sentLog.ensureComplete()])
    expect(rebuilds()).toBe(1)
  })

  it('stops the read while Kafka is away', async () => {
    const { sentLog } = open([delivery()], (rebuild) => {
      if (rebuild === 1) throw new DependencyError('kafka', 'away')
    })
    await expect(sentLog.read([sent])).rejects.toThrow(DependencyError)
    expect((await sentLog.read([sent]))[0]?.recorded).toBe(true)
  })
})
