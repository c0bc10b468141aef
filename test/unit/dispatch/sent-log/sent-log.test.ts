import { BucketSentLog, decodeSentRecord, encodeSentRecord } from '../../../../services/dispatch/sent-log/sent-log.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { noon, signal } from '../../../support/builders.ts'
import { MemoryHourBuckets } from '../../../support/memory-hour-buckets.ts'

const settled = { outcome: 'accepted', code: 0, requestId: 'r1', attempt: 1, sentAt: noon + 2, at: noon + 5 } as const
const one = signal()
const other = signal({ signalId: 'ab'.repeat(16) })

describe('the bytes of a sent-mark', () => {
  it.each([
    { outcome: 'accepted', code: 0, attempt: 1, sentAt: noon - 300, at: noon },
    { outcome: 'duplicate', code: 40050, attempt: 7, sentAt: null, at: noon + 1 },
    { outcome: 'rejected', code: 20001, attempt: 255, sentAt: 0xffffffffffff, at: 0xffffffffffff },
  ] as const)('keep %j', (mark) => {
    for (const recorded of [false, true]) {
      const bytes = encodeSentRecord({ settled: { ...mark, requestId: 'gone' }, recorded })
      expect(bytes.length).toBe(13)
      expect(decodeSentRecord(bytes)).toEqual({ settled: { ...mark, requestId: null }, recorded })
    }
  })

  it.each([Buffer.alloc(0), Buffer.from([1]), Buffer.alloc(13, 9), Buffer.alloc(11)])(
    'of another making are none: %p',
    (bytes) => {
      expect(decodeSentRecord(bytes)).toBeNull()
    },
  )
})

describe('sent-marks', () => {
  it('tell what was settled, and only that', async () => {
    const marks = new BucketSentLog(new MemoryHourBuckets())
    await marks.write([{ signal: one, settled, recorded: false }])
    expect(await marks.read([other, one])).toEqual([
      null,
      { settled: { ...settled, requestId: null }, recorded: false },
    ])
  })

  it('outlive the process', async () => {
    const buckets = new MemoryHourBuckets()
    await new BucketSentLog(buckets).write([{ signal: one, settled, recorded: false }])
    expect(await new BucketSentLog(buckets).read([one])).toEqual([
      { settled: { ...settled, requestId: null }, recorded: false },
    ])
  })

  it('tell that the record is published, whatever was written before', async () => {
    const marks = new BucketSentLog(new MemoryHourBuckets())
    await Promise.all([
      marks.write([{ signal: one, settled, recorded: false }]),
      marks.write([{ signal: one, settled, recorded: true }]),
    ])
    expect(await marks.read([one])).toMatchObject([{ recorded: true }])
  })

  it('go together while a write is under way', async () => {
    const buckets = new MemoryHourBuckets()
    const sizes: number[] = []
    const write = buckets.write.bind(buckets)
    buckets.write = async (entries) => {
      sizes.push(entries.length)
      await new Promise((resolve) => setImmediate(resolve))
      return write(entries)
    }
    const marks = new BucketSentLog(buckets)
    const ids = ['01', '02', '03', '04'].map((id) => signal({ signalId: id.repeat(16) }))
    await Promise.all(ids.map((id) => marks.write([{ signal: id, settled, recorded: false }])))
    expect(sizes).toEqual([1, 3])
    expect((await marks.read(ids)).every(Boolean)).toBe(true)
  })

  it('that Redis did not take stay known, and are written before the batch goes on', async () => {
    const buckets = new MemoryHourBuckets()
    const write = buckets.write.bind(buckets)
    let away = true
    buckets.write = async (entries) => {
      if (away) throw new DependencyError('redis', 'away')
      return write(entries)
    }
    const marks = new BucketSentLog(buckets)
    await expect(marks.write([{ signal: one, settled, recorded: false }])).rejects.toThrow(DependencyError)
    await expect(marks.read([one])).rejects.toThrow(DependencyError)
    away = false
    expect(await marks.read([one])).toEqual([{ settled: { ...settled, requestId: null }, recorded: false }])
    expect(buckets.values.size).toBe(1)
  })
})
