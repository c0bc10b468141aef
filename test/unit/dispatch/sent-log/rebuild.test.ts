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

/** Presence in memory: emptied with everything else. */
class MemoryPresence implements CompletenessMarker {
  whole = false
  token: string | null = null
  async lost() {
    return this.whole ? [] : [0]
  }
  async begin(_parts: readonly number[], token: string) {
    this.token = token
  }
  async complete(_parts: readonly number[], token: string) {
    if (this.token === token) this.whole = true
  }
}

const open = (deliveries: readonly Delivery[], during: (attempt: number) => void = () => {}) => {
  const buckets = new MemoryHourBuckets()
  const presence = new MemoryPresence()
  let restorations = 0
  const marks = new RebuildingSentLog({
    marks: new BucketSentLog(buckets),
    buckets,
    presence,
    deliveries: async (onBatch) => {
      during(++restorations)
      await onBatch(deliveries)
    },
    now: () => noon + dayMs,
    keepMs: 8 * dayMs,
  })
  return { marks, buckets, presence, restorations: () => restorations }
}

describe('sent-marks that Redis has lost', () => {
  it('are brought back before anything is read', async () => {
    const { marks, restorations } = open([delivery()])
    expect(await marks.read([sent])).toEqual([
      {
        settled: { outcome: 'accepted', code: 0, requestId: null, attempt: 2, sentAt: noon + 10, at: noon + 40 },
        recorded: true,
      },
    ])
    await marks.read([sent])
    expect(restorations()).toBe(1)
  })

  it.each(['expired', 'withheld'] as const)('are none where TikTok was told nothing: %s', async (outcome) => {
    const { marks } = open([delivery({ outcome, code: null, sentAt: null })])
    expect(await marks.read([sent])).toEqual([null])
  })

  it('are none that would have ended by now', async () => {
    const { marks } = open([delivery({ settledAt: noon - 8 * dayMs })])
    expect(await marks.read([sent])).toEqual([null])
  })

  it('do not take the place of what was written meanwhile', async () => {
    const { marks } = open([delivery()])
    const settled = {
      outcome: 'rejected',
      code: 40002,
      requestId: null,
      attempt: 1,
      sentAt: noon,
      at: noon + 1,
    } as const
    await marks.write([{ signal: sent, settled, recorded: false }])
    expect(await marks.read([sent])).toEqual([{ settled, recorded: false }])
  })

  it('are brought back again where they are lost while it is done', async () => {
    const { marks, restorations, buckets, presence } = open([delivery()], (attempt) => {
      if (attempt > 1) return
      buckets.values.clear()
      presence.token = null
    })
    expect((await marks.read([sent]))[0]?.recorded).toBe(true)
    expect(restorations()).toBe(2)
  })

  it('are brought back once for all batches that miss them', async () => {
    const { marks, restorations } = open([delivery()])
    await Promise.all([marks.read([sent]), marks.read([sent]), marks.whole()])
    expect(restorations()).toBe(1)
  })

  it('pause the stage while Kafka is away too', async () => {
    const { marks } = open([delivery()], (attempt) => {
      if (attempt === 1) throw new DependencyError('kafka', 'away')
    })
    await expect(marks.read([sent])).rejects.toThrow(DependencyError)
    expect((await marks.read([sent]))[0]?.recorded).toBe(true)
  })
})
