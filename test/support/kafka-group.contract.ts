import { Admin } from '@platformatic/kafka'
import type { Broker, ConsumerOptions, RecordBatch, RunningConsumer } from '../../services/runtime/ports.ts'
import { eventually } from './eventually.ts'
import { shortTimes } from './kafka-times.ts'

type Open = (client: string) => Promise<Broker>

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What a group of several members promises, on real Kafka. `others`: the client of the members beside the one that is tested. */
export const groupContract = (client: string, others: string, open: Open, addresses: () => readonly string[]) =>
  describe(`members of a group by ${client}, beside ${others}`, () => {
    let n = 0
    let own: Broker
    let other: Broker
    /** Publishes, idempotently: what is doubled below is the consumers' doing. */
    let plain: Broker
    let topics: readonly string[]
    let group: string
    const running: RunningConsumer[] = []

    beforeEach(async () => {
      own = await open(client)
      other = await open(others)
      plain = await open('platformatic')
      const name = `it-group-${Date.now()}-${n++}`
      topics = [`${name}-a`, `${name}-b`]
      group = `${name}-group`
      await own.createTopics(topics.map((topic, at) => ({ name: topic, partitions: at === 0 ? 4 : 3, config: {} })))
    })
    afterEach(async () => {
      for (const consumer of running.splice(0)) await consumer.stop()
      await Promise.all([own.close(), other.close(), plain.close()])
    })

    const [first, second] = [0, 1]
    const topic = () => topics[first] as string
    /** Records `from` to `to`, round the partitions. */
    const publish = async (from: number, to: number, name = topic(), partitions = 4) => {
      const producer = await plain.producer()
      const records = Array.from({ length: to - from }, (_, at) => from + at)
      await producer.send(
        records.map((i) => ({ topic: name, key: null, partition: i % partitions, value: Buffer.from(String(i)) })),
      )
      await producer.close()
    }
    const join = async (broker: Broker, options: Partial<ConsumerOptions> & Pick<ConsumerOptions, 'onBatch'>) => {
      const state = { partitions: [] as readonly { topic: string; partition: number }[], rebalances: 0 }
      const consumer = await broker.consume({
        ...{ group, topics: [topic()], from: 'earliest', times: shortTimes },
        ...options,
        onAssigned: (partitions) => {
          state.partitions = partitions
          state.rebalances++
        },
      })
      running.push(consumer)
      return { consumer, state }
    }
    const values = ({ records }: RecordBatch) => records.map(({ value }) => Number(value?.toString()))
    const committed = async () =>
      Object.fromEntries((await own.offsets(group, topic())).map((one) => [one.partition, one.committed]))

    it.each([0, 60_000])(
      'hands nothing to a new member before the old one has finished and committed (within %s ms)',
      async (commitIntervalMs) => {
        await publish(0, 8)
        const seen: { by: string; values: number[]; at: number }[] = []
        let isReleased = 0
        await join(own, {
          commitIntervalMs,
          onBatch: async (batch) => {
            seen.push({ by: 'old', values: values(batch), at: Date.now() })
            await sleep(1_500)
            isReleased ||= Date.now()
            expect(batch.isStale()).toBe(false)
            return undefined
          },
        })
        await eventually('four batches', () => seen.length === 4)
        const newcomer = await join(other, {
          onBatch: async (batch) => void seen.push({ by: 'new', values: values(batch), at: Date.now() }) as undefined,
        })
        await eventually('a share', () => newcomer.state.partitions.length === 2)
        expect(Date.now()).toBeGreaterThanOrEqual(isReleased)
        expect(isReleased).toBeGreaterThan(0)
        await publish(8, 16)
        await eventually('all', () => seen.flatMap((one) => one.values).length >= 16)
        const all = seen.flatMap((one) => one.values).sort((a, b) => a - b)
        expect(all).toEqual(Array.from({ length: 16 }, (_, i) => i))
      },
    )

    it('lets a batch finish when it stops, commits it and hands over no other', async () => {
      await publish(0, 4)
      const begun: number[] = []
      const { consumer } = await join(own, {
        concurrency: 1,
        onBatch: async (batch) => {
          begun.push(...values(batch))
          while (!batch.signal.aborted) await sleep(10)
          await sleep(300)
          return undefined
        },
      })
      await eventually('one batch', () => begun.length === 1)
      await consumer.stop()
      expect(begun).toHaveLength(1)
      const offsets = await committed()
      expect(Object.values(offsets).filter((offset) => offset === 1n)).toHaveLength(1)
      expect(offsets[begun[0] as number]).toBe(1n)
    })

    it('takes no commit of a batch that has outlasted its generation', async () => {
      await publish(0, 4)
      let batches = 0
      let release: () => void = () => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const stale: boolean[] = []
      await join(own, {
        onBatch: async (batch) => {
          if (++batches > 4) return { processed: 0, pauseMs: 60_000 }
          await released
          stale.push(batch.isStale())
          return undefined
        },
      })
      await eventually('four batches', () => batches === 4)
      const taken: number[] = []
      const newcomer = await join(other, {
        onBatch: async (batch) => {
          taken.push(...values(batch))
          // Nothing of it is committed.
          return { processed: 0, pauseMs: 60_000 }
        },
      })
      // The group waits for `rebalanceMs` until it goes on without a member that does not come back.
      await eventually('all partitions', () => newcomer.state.partitions.length === 4)
      await eventually('all records', () => taken.length === 4)
      await sleep(3 * shortTimes.heartbeatMs)
      release()
      await eventually('all four released', () => stale.length === 4)
      await sleep(500)
      expect(stale).toEqual([true, true, true, true])
      expect(await committed()).toEqual({ 0: null, 1: null, 2: null, 3: null })
    })

    it.each([
      ['first', true],
      ['second', false],
    ])('has equal partition numbers of all topics in one hand when it joins %s', async (_when, isFirst) => {
      const onBatch = async () => undefined
      const [a, b] = isFirst ? [own, other] : [other, own]
      const one = await join(a, { topics, onBatch })
      await eventually('all partitions', () => one.state.partitions.length === 7)
      const two = await join(b, { topics, onBatch })
      await eventually(
        'shares',
        () => one.state.partitions.length > 0 && one.state.partitions.length < 7 && two.state.partitions.length > 0,
      )
      const numbers = [one, two].map(({ state }) => new Set(state.partitions.map(({ partition }) => partition)))
      expect([...(numbers[0] ?? [])].filter((number) => numbers[1]?.has(number))).toEqual([])
      expect(one.state.partitions.length + two.state.partitions.length).toBe(7)
      expect(topics[second]).toBeDefined()
    })

    it('goes on at once when the rest of a partition is ended', async () => {
      await publish(0, 4)
      const times: number[] = []
      let wake: () => void = () => {}
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      const others_: number[] = []
      await join(own, {
        onBatch: async (batch) => {
          if (batch.partition !== 0) return void others_.push(...values(batch)) as undefined
          times.push(Date.now())
          return times.length === 1 ? { processed: 0, pauseMs: 60_000, wake: woken } : undefined
        },
      })
      await eventually('the others', () => others_.length === 3 && times.length === 1)
      await sleep(1_000)
      expect(times).toHaveLength(1)
      wake()
      await eventually('the rest', () => times.length === 2, 3_000)
    })

    it('loses nothing and doubles nothing while members come and go under load', async () => {
      const seen = new Map<number, number>()
      const order = new Map<number, number>()
      const wrong: string[] = []
      const onBatch = async (batch: RecordBatch) => {
        await sleep(Math.random() * 30)
        for (const value of values(batch)) {
          seen.set(value, (seen.get(value) ?? 0) + 1)
          if ((order.get(batch.partition) ?? -1) >= value) wrong.push(`${value} after ${order.get(batch.partition)}`)
          order.set(batch.partition, value)
        }
        return undefined
      }
      const total = 6_000
      const publishing = (async () => {
        for (let from = 0; from < total; from += 100) {
          await publish(from, from + 100)
          await sleep(40)
        }
      })()
      await join(own, { onBatch })
      for (let round = 0; round < 4; round++) {
        const guest = await join(round % 2 === 0 ? other : own, { onBatch })
        await eventually('a share', () => guest.state.partitions.length > 0, 40_000)
        await sleep(500)
        await guest.consumer.stop()
      }
      await publishing
      await eventually('every record', () => seen.size === total, 40_000)
      await eventually('every commit', async () =>
        (await own.offsets(group, topic())).every(({ committed, high }) => committed === high),
      )
      expect([...seen.values()].filter((times) => times !== 1)).toEqual([])
      expect(wrong).toEqual([])
    }, 120_000)

    describe('where its offset is not in the log', () => {
      const moveLog = async (to: bigint) => {
        const admin = new Admin({ clientId: 'it', bootstrapBrokers: [...addresses()] })
        await admin.deleteRecords({ topics: [{ name: topic(), partitions: [{ partition: 0, offset: to }] }] })
        await admin.close()
      }

      it('ends with an error that says so and stays where it stood, every time', async () => {
        await publish(0, 10, topic(), 1)
        const before = await join(own, { onBatch: async () => ({ processed: 5, pauseMs: 60_000 }) })
        await eventually('five', async () => (await committed())[0] === 5n)
        await before.consumer.stop()
        await moveLog(8n)
        for (let time = 0; time < 2; time++) {
          const onBatch = async () => undefined
          const { consumer } = await join(own, { onBatch })
          await expect(consumer.ended).rejects.toThrow(
            /committed offset 5 of .*\/0, outside of the log \(8 to 10\).*--reset-offsets/,
          )
          expect((await committed())[0]).toBe(5n)
        }
      })

      it('begins where the log begins if it never committed', async () => {
        await publish(0, 10, topic(), 1)
        await moveLog(8n)
        const seen: number[] = []
        await join(own, { onBatch: async (batch) => void seen.push(...values(batch)) as undefined })
        await eventually('what is left', () => seen.length === 2)
        expect(seen).toEqual([8, 9])
      })

      it('begins at the end if the options say so', async () => {
        await publish(0, 10, topic(), 1)
        const seen: number[] = []
        const { state } = await join(own, {
          from: 'latest',
          onBatch: async (batch) => void seen.push(...values(batch)) as undefined,
        })
        await eventually('its partitions', () => state.partitions.length === 4)
        await sleep(1_000)
        await publish(10, 12, topic(), 1)
        await eventually('what came', () => seen.length === 2)
        expect(seen).toEqual([10, 11])
      })
    })
  })
