import { jest } from '@jest/globals'
import { Intake, NotStored } from '../../../services/gateway/intake.ts'
import { watchKafka } from '../../../services/gateway/watch-kafka.ts'
import { Health } from '../../../services/runtime/health/health.ts'
import { KafkaConnectivity } from '../../../services/runtime/health/kafka-connectivity.ts'
import type { Logger } from '../../../services/runtime/log.ts'
import { DependencyError, type ProducerRecord, RecordTooLarge } from '../../../services/runtime/ports.ts'
import { eventually } from '../../support/eventually.ts'

describe('the intake', () => {
  const record = (text: string): ProducerRecord => ({ topic: 'channel-events.v1', key: null, value: Buffer.from(text) })
  const producer = (send: (records: readonly ProducerRecord[]) => Promise<void>) => ({ send, close: async () => {} })

  it('shares one produce between requests that arrive while others are under way', async () => {
    const calls: number[] = []
    const intake = new Intake(
      producer(async (records) => {
        calls.push(records.length)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }),
    )
    await Promise.all(Array.from({ length: 50 }, (_, n) => intake.store([record(String(n))])))
    expect(calls.length).toBeLessThan(10)
    expect(calls.reduce((sum, n) => sum + n, 0)).toBe(50)
  })

  it('says so when Kafka is away, to the sender and to its health, and takes the next', async () => {
    let away = true
    const heard: string[] = []
    const intake = new Intake(
      producer(async () => {
        if (away) throw new DependencyError('kafka', 'away')
      }),
      { answered: () => heard.push('answers'), failed: () => heard.push('away') },
    )
    await expect(intake.store([record('a')])).rejects.toThrow(NotStored)
    away = false
    await expect(intake.store([record('b')])).resolves.toBeUndefined()
    expect(heard).toEqual(['away', 'answers'])
  })

  it('is told by looks at Kafka, one at a time, while no delivery comes', async () => {
    const health = new Health(Date)
    health.to('running')
    const lines: string[] = []
    const log = { info: (text: string) => lines.push(text), warn: (_facts: object, text: string) => lines.push(text) }
    let away = true
    let looks = 0
    const progress = async () => {
      looks++
      if (away) throw new DependencyError('kafka', 'away')
      return []
    }
    const stop = watchKafka({ progress }, new KafkaConnectivity(health, log as unknown as Logger), 1)
    await eventually('it waits', () => health.report().reason === 'kafka')
    const before = looks
    await eventually('it looks again', () => looks > before + 2)
    away = false
    await eventually('it is well', () => health.report().state === 'running')
    stop()
    expect(lines).toEqual(['Kafka does not answer', 'Kafka answers again'])
  })

  it('lets nobody wait longer than it can, and sends nothing for whom it has told so', async () => {
    const sent: string[] = []
    const calls: (() => void)[] = []
    const intake = new Intake(
      producer((records) => {
        sent.push(...records.map(({ value }) => String(value)))
        return new Promise((resolve) => calls.push(resolve))
      }),
    )
    jest.useFakeTimers()
    try {
      const waiting = Array.from({ length: 6 }, (_, n) => intake.store([record(String(n))], 1))
      const settled = Promise.allSettled(waiting)
      jest.advanceTimersByTime(1)
      expect(await settled).toEqual(
        waiting.map(() => ({
          status: 'rejected',
          reason: expect.objectContaining({ message: expect.stringMatching(/in time/) }),
        })),
      )
      jest.advanceTimersByTime(1_000)
    } finally {
      jest.useRealTimers()
    }
    for (const done of calls) done()
    // One call was under way; the others have left the queue.
    expect(sent).toEqual(['0'])
  })

  it('refuses a record that is too large alone: whoever shared its call is stored', async () => {
    const sent: string[][] = []
    let release: () => void = () => {}
    const first = new Promise<void>((resolve) => {
      release = resolve
    })
    let calls = 0
    const intake = new Intake(
      producer(async (records) => {
        const texts = records.map(({ value }) => String(value))
        // While the first is under way the rest come together.
        if (++calls === 1) return first
        const large = texts.indexOf('large')
        if (large >= 0) throw new RecordTooLarge(large, 2, 1)
        sent.push(texts)
      }),
    )
    const held = intake.store([record('held')])
    const shared = ['a', 'large', 'b'].map((text) => intake.store([record(text)]))
    release()
    await held
    expect((await Promise.allSettled(shared)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(sent).toEqual([['a', 'b']])
  })
})
