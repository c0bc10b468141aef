import { BucketSentLog, decodeSentRecord, encodeSentRecord } from '../../../../services/dispatch/sent-log/sent-log.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import type { Signal } from '../../../../services/shared/model/topic-values.ts'
import { noon, signal } from '../../../support/builders.ts'
import { MemoryHourBuckets } from '../../../support/memory-hour-buckets.ts'

const final = { outcome: 'accepted', code: 0, requestId: 'r1', attempt: 1, sentAt: noon + 2, at: noon + 5 } as const
const one = signal()
const other = signal({ signalId: 'ab'.repeat(16) })

describe('the bytes of a sent record', () => {
  it.each([
    { outcome: 'accepted', code: 0, attempt: 1, sentAt: noon - 300, at: noon },
    { outcome: 'duplicate', code: 40050, attempt: 7, sentAt: null, at: noon + 1 },
    { outcome: 'accepted', code: 0, attempt: 1, sentAt: noon - 300, at: noon, isTest: true },
    { outcome: 'rejected', code: 20001, attempt: 255, sentAt: 0xffffffffffff, at: 0xffffffffffff },
  ] as const)('keep %j', (result) => {
    for (const recorded of [false, true]) {
      const bytes = encodeSentRecord({ final: { ...result, requestId: 'gone' }, recorded })
      expect(bytes.length).toBe(13)
      expect(decodeSentRecord(bytes)).toEqual({ final: { ...result, requestId: null }, recorded })
    }
  })

  it.each([Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(13, 9), Buffer.alloc(11)])(
    'of another format are none: %p',
    (bytes) => {
      expect(decodeSentRecord(bytes)).toBeNull()
    },
  )
})

describe('the sent log', () => {
  it('returns a record for each final answer, and only for those', async () => {
    const sentLog = new BucketSentLog(new MemoryHourBuckets())
    await sentLog.write([{ signal: one, final, recorded: false }])
    expect(await sentLog.read([other, one])).toEqual([null, { final: { ...final, requestId: null }, recorded: false }])
  })

  it('outlives the process', async () => {
    const buckets = new MemoryHourBuckets()
    await new BucketSentLog(buckets).write([{ signal: one, final, recorded: false }])
    expect(await new BucketSentLog(buckets).read([one])).toEqual([
      { final: { ...final, requestId: null }, recorded: false },
    ])
  })

  it('keeps that the delivery record is published, whatever was written before', async () => {
    const sentLog = new BucketSentLog(new MemoryHourBuckets())
    await Promise.all([
      sentLog.write([{ signal: one, final, recorded: false }]),
      sentLog.write([{ signal: one, final, recorded: true }]),
    ])
    expect(await sentLog.read([one])).toMatchObject([{ recorded: true }])
  })

  it('writes together what arrives during a write', async () => {
    const buckets = new MemoryHourBuckets()
    const sizes: number[] = []
    const write = buckets.write.bind(buckets)
    buckets.write = async (entries) => {
      sizes.push(entries.length)
      await new Promise((resolve) => setImmediate(resolve))
      return write(entries)
    }
    const sentLog = new BucketSentLog(buckets)
    const ids = ['01', '02', '03', '04'].map((id) => signal({ signalId: id.repeat(16) }))
    const first = sentLog.write([{ signal: ids[0] as Signal, final, recorded: false }])
    await Promise.resolve()
    await Promise.all([first, ...ids.slice(1).map((id) => sentLog.write([{ signal: id, final, recorded: false }]))])
    expect(sizes).toEqual([1, 3])
    expect((await sentLog.read(ids)).every(Boolean)).toBe(true)
  })

  it('keeps what Redis did not take, and writes it before the batch goes on', async () => {
    const buckets = new MemoryHourBuckets()
    const write = buckets.write.bind(buckets)
    let away = true
    buckets.write = async (entries) => {
      if (away) throw new DependencyError('redis', 'away')
      return write(entries)
    }
    const sentLog = new BucketSentLog(buckets)
    await expect(sentLog.write([{ signal: one, final, recorded: false }])).rejects.toThrow(DependencyError)
    await expect(sentLog.read([one])).rejects.toThrow(DependencyError)
    away = false
    expect(await sentLog.read([one])).toEqual([{ final: { ...final, requestId: null }, recorded: false }])
    expect(buckets.values.size).toBe(1)
  })
})
