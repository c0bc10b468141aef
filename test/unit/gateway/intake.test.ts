import { Intake, NotStored } from '../../../services/gateway/intake.ts'
import { DependencyError, type ProducerRecord, RecordTooLarge } from '../../../services/runtime/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const record = (text: string): ProducerRecord => ({ topic: 'channel-events.v1', key: null, value: Buffer.from(text) })
const producer = (send: (records: readonly ProducerRecord[]) => Promise<void>) => ({ send, close: async () => {} })

/** Produce calls that end when the test says so. */
const controlled = () => {
  const calls: { readonly texts: readonly string[]; end(): void }[] = []
  const send = (records: readonly ProducerRecord[]) =>
    new Promise<void>((resolve) => {
      calls.push({ texts: records.map(({ value }) => String(value)), end: resolve })
    })
  return { calls, producer: producer(send) }
}

describe('the intake', () => {
  it('stores concurrent requests with few produce calls', async () => {
    const clock = new FakeClock()
    const sizes: number[] = []
    const intake = new Intake(
      producer(async (records) => {
        sizes.push(records.length)
        await clock.sleep(20)
      }),
      clock,
    )
    const stored: Promise<void>[] = []
    for (let n = 0; n < 50; n++) {
      stored.push(intake.store([record(String(n))]))
      await clock.advance(1)
    }
    await clock.runUntil(Promise.all(stored))
    expect(sizes.length).toBeLessThan(10)
    expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(50)
  })

  it('starts overlapping calls 8 ms apart and four at most', async () => {
    const clock = new FakeClock()
    const { calls, producer: kafka } = controlled()
    const intake = new Intake(kafka, clock)
    const starts: number[] = []
    for (let n = 0; n < 60; n++) {
      void intake.store([record(String(n))])
      await clock.advance(1)
      while (starts.length < calls.length) starts.push(clock.now())
    }
    expect(starts).toHaveLength(4)
    for (const [at, start] of starts.slice(1).entries())
      expect(start - (starts[at] as number)).toBeGreaterThanOrEqual(8)
  })

  it('lets one owner wait with a quarter of the bytes, and gives them back', async () => {
    const clock = new FakeClock()
    const { calls, producer: kafka } = controlled()
    const intake = new Intake(kafka, clock)
    const mebibyte = () => [record('x'.repeat(1_048_576 - 1_024))]
    const asked: Promise<unknown>[] = []
    const store = (owner: string | null) => {
      const answer = intake.store(mebibyte(), 4_500, owner).then(
        () => 'stored',
        (error: unknown) => (error instanceof NotStored ? 'refused' : error),
      )
      asked.push(answer)
      return answer
    }
    for (let n = 0; n < 16; n++) void store('hot')
    expect(await store('hot')).toBe('refused')
    for (let n = 0; n < 16; n++) void store('calm')
    for (let n = 0; n < 32; n++) void store(null)
    expect(await store('other')).toBe('refused')
    while (calls.length > 0) {
      for (const { end } of calls.splice(0)) end()
      await clock.advance(10)
    }
    expect((await Promise.all(asked)).filter((answer) => answer === 'stored')).toHaveLength(64)
    const again = store('hot')
    await clock.advance(10)
    for (const { end } of calls.splice(0)) end()
    expect(await again).toBe('stored')
  })

  it('reports an outage of Kafka to the caller and to health, and stores the next request', async () => {
    let away = true
    const reported: string[] = []
    const intake = new Intake(
      producer(async () => {
        if (away) throw new DependencyError('kafka', 'away')
      }),
      new FakeClock(),
      { answered: () => reported.push('answered'), failed: () => reported.push('failed') },
    )
    await expect(intake.store([record('a')])).rejects.toThrow(NotStored)
    away = false
    await expect(intake.store([record('b')])).resolves.toBeUndefined()
    expect(reported).toEqual(['failed', 'answered'])
  })

  it('answers at the deadline, and never sends what it has given up', async () => {
    const clock = new FakeClock()
    const { calls, producer: kafka } = controlled()
    const reported: string[] = []
    const intake = new Intake(kafka, clock, { answered: () => {}, failed: () => reported.push('failed') })
    const stored = [intake.store([record('0')], 5)]
    await clock.advance(0)
    stored.push(...['1', '2', '3'].map((text) => intake.store([record(text)], 5)))
    const settled = Promise.allSettled(stored)
    await clock.advance(5)
    expect(await settled).toEqual(
      stored.map(() => ({
        status: 'rejected',
        reason: expect.objectContaining({ message: 'Kafka did not answer in time' }),
      })),
    )
    expect(reported).toHaveLength(4)
    calls[0]?.end()
    await clock.advance(1_000)
    // '0' was under way; the others left the queue.
    expect(calls.map(({ texts }) => texts)).toEqual([['0']])
  })

  it('refuses more than 64 MiB that wait for Kafka, until some of it is stored', async () => {
    const clock = new FakeClock()
    const { calls, producer: kafka } = controlled()
    const intake = new Intake(kafka, clock)
    const large: ProducerRecord = { topic: 'channel-events.v1', key: null, value: Buffer.alloc(8 * 1_048_576 - 256) }
    const first = intake.store([large], 60_000)
    await clock.advance(0)
    for (let n = 1; n < 8; n++) intake.store([large], 1_000).catch(() => {})
    await expect(intake.store([record('a')])).rejects.toThrow('too many deliveries wait for Kafka')
    calls[0]?.end()
    await first
    await clock.advance(0)
    const next = intake.store([record('a')], 1_000)
    next.catch(() => {})
    // Timed-out requests give back their bytes when they leave the queue; those under way only when their call ends.
    await clock.advance(1_000)
    await expect(next).rejects.toThrow('Kafka did not answer in time')
  })

  it('refuses a record that is too large alone, and stores the others of its call', async () => {
    const clock = new FakeClock()
    const sent: string[][] = []
    const intake = new Intake(
      producer(async (records) => {
        const texts = records.map(({ value }) => String(value))
        const large = texts.indexOf('large')
        if (large >= 0) throw new RecordTooLarge(large, 2, 1)
        sent.push(texts)
      }),
      clock,
    )
    const shared = ['a', 'large', 'b'].map((text) => intake.store([record(text)]))
    expect((await Promise.allSettled(shared)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(sent).toEqual([['a', 'b']])
  })

  it('leaves no timer behind a request that is answered', async () => {
    const clock = new FakeClock()
    await new Intake(
      producer(async () => {}),
      clock,
    ).store([record('a')])
    expect(clock.pending).toBe(0)
  })
})
