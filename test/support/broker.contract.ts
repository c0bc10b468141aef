import { systemClock } from '../../services/runtime/clock.ts'
import type { Broker, ConsumedRecord, ProducerRecord, RunningConsumer } from '../../services/runtime/ports.ts'
import { eventually } from './eventually.ts'

type ReadFilter = NonNullable<Parameters<Broker['read']>[3]>

/** How time passes for the broker: really for Kafka, by a fake clock for the one in memory. */
export interface BrokerTime {
  now(): number
  advance(ms: number): Promise<void>
}
const realTime: BrokerTime = { now: systemClock.now, advance: (ms) => systemClock.sleep(ms) }

/** Run against memory in test/unit and against real Kafka in test/integration. */
export const brokerContract = (name: string, open: () => Promise<Broker>, time: BrokerTime = realTime) =>
  describe(`${name} honours the broker contract`, () => {
    let n = 0
    let broker: Broker
    let topic: string
    let group: string
    const running: RunningConsumer[] = []

    beforeEach(async () => {
      broker = await open()
      topic = `it-broker-${Date.now()}-${n++}`
      group = `${topic}-group`
      await broker.createTopics([
        {
          name: topic,
          partitions: 2,
          config: { 'retention.ms': '3600000', 'message.timestamp.type': 'LogAppendTime' },
        },
      ])
    })
    afterEach(async () => {
      for (const consumer of running.splice(0)) await consumer.stop()
      await broker.close()
    })

    const publish = async (...records: Omit<ProducerRecord, 'topic'>[]) => {
      const producer = await broker.producer()
      await producer.send(records.map((record) => ({ ...record, topic })))
      await producer.close()
    }
    const text = (record: ConsumedRecord) => record.value?.toString() ?? 'tombstone'
    const numbered = (count: number, key: string) =>
      Array.from({ length: count }, (_, i) => ({ key, value: Buffer.from(String(i)) }))

    const collect = async (onBatch?: (records: readonly ConsumedRecord[]) => void) => {
      const taken: ConsumedRecord[] = []
      const consumer = await broker.consume({
        group,
        topics: [topic],
        from: 'earliest',
        onBatch: async ({ records }) => {
          onBatch?.(records)
          taken.push(...records)
          return undefined
        },
      })
      running.push(consumer)
      return { taken, consumer }
    }

    it('delivers key, value and headers as they were sent, and a tombstone as one', async () => {
      await publish({ key: 'k', value: Buffer.from([0, 255]), headers: { a: 'á' } }, { key: 'k', value: null })
      const { taken } = await collect()
      await eventually('both records', () => taken.length === 2)
      expect(taken[0]).toMatchObject({ topic, key: 'k', value: Buffer.from([0, 255]), headers: { a: 'á' } })
      expect(taken[1]).toMatchObject({ key: 'k', value: null })
    })

    it('keeps the order of records with one key', async () => {
      await publish(...numbered(500, 'one'))
      const { taken } = await collect()
      await eventually('all records', () => taken.length === 500)
      expect(taken.map(text)).toEqual(numbered(500, 'one').map(({ value }) => value.toString()))
    })

    it('continues after what was committed', async () => {
      await publish(...numbered(3, 'k'))
      const first = await collect()
      await eventually('first three', () => first.taken.length === 3)
      await first.consumer.stop()
      await publish({ key: 'k', value: Buffer.from('next') })
      const second = await collect()
      await eventually('the next', () => second.taken.length > 0)
      expect(second.taken.map(text)).toEqual(['next'])
    })

    it('redelivers what was taken but not processed', async () => {
      await publish(...numbered(3, 'k'))
      const failing = await collect(() => {
        throw new Error('a bug')
      })
      await expect(failing.consumer.ended).rejects.toThrow('a bug')
      const { taken } = await collect()
      await eventually('all three again', () => taken.length === 3)
    })

    it('commits only what was processed, and pauses the partition', async () => {
      await publish(...numbered(3, 'k'))
      const batches: string[][] = []
      const times: number[] = []
      running.push(
        await broker.consume({
          group,
          topics: [topic],
          from: 'earliest',
          onBatch: async ({ records }) => {
            batches.push(records.map(text))
            times.push(time.now())
            return batches.length === 1 ? { processed: 1, pauseMs: 300 } : undefined
          },
        }),
      )
      await eventually('the first batch', () => batches.length === 1)
      await time.advance(310)
      await eventually('the rest', () => batches.length >= 2)
      expect(batches.slice(0, 2)).toEqual([
        ['0', '1', '2'],
        ['1', '2'],
      ])
      expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(290)
    })

    it('commits what it was allowed to commit late before it stops', async () => {
      await publish(...numbered(3, 'k'))
      let taken = 0
      const consumer = await broker.consume({
        ...{ group, topics: [topic], from: 'earliest', commitIntervalMs: 60_000 },
        onBatch: async ({ records }) => {
          taken += records.length
          return undefined
        },
      })
      running.push(consumer)
      await eventually('all three', () => taken === 3)
      await consumer.stop()
      const committed = (await broker.offsets(group, topic)).map((one) => one.committed)
      expect(committed).toContain(3n)
    })

    it('passes a whole topic to `onRecord` before `follow` resolves, then new records', async () => {
      await publish(...numbered(5, 'a'), ...numbered(5, 'b'))
      const seen: ConsumedRecord[] = []
      const progress = new Map<number, bigint>()
      running.push(
        await broker.follow(
          [topic],
          (record) => void seen.push(record),
          (_topic, partition, next) => progress.set(partition, next),
        ),
      )
      expect(seen).toHaveLength(10)
      expect([...progress.values()].reduce((sum, next) => sum + next, 0n)).toBe(10n)
      await publish({ key: 'a', value: Buffer.from('later') })
      await eventually('the later record', () => seen.some((record) => text(record) === 'later'))
    })

    it('resolves `follow` of an empty topic at once', async () => {
      const seen: ConsumedRecord[] = []
      running.push(await broker.follow([topic], (record) => void seen.push(record)))
      expect(seen).toEqual([])
    })

    it('returns offsets of a group and of one that never committed', async () => {
      await publish(...numbered(4, 'k'))
      expect((await broker.offsets(group, topic)).map(({ committed }) => committed)).toEqual([null, null])
      const { taken } = await collect()
      await eventually('all records', () => taken.length === 4)
      await eventually('the commit', async () =>
        (await broker.offsets(group, topic)).some(({ committed, high }) => committed === 4n && high === 4n),
      )
    })

    it('returns offsets of many groups at once', async () => {
      await publish(...numbered(4, 'k'))
      const { taken } = await collect()
      await eventually('all records', () => taken.length === 4)
      const groups = [group, `${group}-other`].map((one) => ({ group: one, topic }))
      await eventually('the commit', async () => {
        const [own = [], other = []] = await broker.progress(groups)
        return (
          own.length === 2 &&
          own.some(({ committed, high }) => committed === 4n && high === 4n) &&
          other.every(({ committed }) => committed === null)
        )
      })
    })

    it('reports to a consumer which partitions it has', async () => {
      let assigned: readonly { topic: string; partition: number }[] = []
      running.push(
        await broker.consume({
          group,
          topics: [topic],
          from: 'earliest',
          onBatch: async () => undefined,
          onAssigned: (partitions) => {
            assigned = partitions
          },
        }),
      )
      await eventually('both partitions', () => assigned.length === 2)
      expect(assigned).toEqual(expect.arrayContaining([0, 1].map((partition) => ({ topic, partition }))))
    })

    it('returns the timestamp of a record', async () => {
      const before = time.now()
      await publish(...numbered(3, 'k'))
      const [position] = (await broker.offsets(group, topic)).filter(({ high }) => high > 0n)
      const { partition } = position as { partition: number }
      const times = await broker.timestamps(topic, [{ partition, offset: 1n }])
      expect(times.get(partition)).toBeGreaterThanOrEqual(before - 1_000)
      expect(times.get(partition)).toBeLessThanOrEqual(time.now() + 1_000)
      expect(await broker.timestamps(topic, [{ partition, offset: 3n }])).toEqual(new Map())
    })

    it('reads ranges of offsets, each partition in its order, and commits nothing', async () => {
      await publish(
        ...Array.from({ length: 1_200 }, (_, i) => ({ key: null, partition: i % 2, value: Buffer.from(String(i)) })),
      )
      const seen: string[][] = [[], []]
      await broker.read(
        topic,
        [
          { partition: 0, from: 5n, to: 595n },
          { partition: 1, from: 10n, to: 10n },
        ],
        (records) => {
          for (const record of records) seen[record.partition]?.push(text(record))
        },
      )
      expect(seen).toEqual([Array.from({ length: 590 }, (_, i) => String((i + 5) * 2)), []])
      const failing = broker.read(topic, [{ partition: 1, from: 0n, to: 3n }], () => {
        throw new Error('a bug')
      })
      await expect(failing).rejects.toThrow('a bug')
    })

    it('reads ranges that take many fetches, two partitions at a time, with one call of `onRecords` after another', async () => {
      const large = (i: number) => Buffer.concat([Buffer.from(`${i} `), Buffer.alloc(400_000, i)])
      for (let i = 0; i < 8; i++) await publish({ key: null, partition: i % 2, value: large(i) })
      const seen: string[][] = [[], []]
      let running = 0
      await broker.read(
        topic,
        [0, 1].map((partition) => ({ partition, from: 0n, to: 4n })),
        async (records) => {
          expect(++running).toBe(1)
          await new Promise((resolve) => setImmediate(resolve))
          for (const record of records) seen[record.partition]?.push(text(record).split(' ')[0] as string)
          running--
        },
      )
      expect(seen).toEqual([
        ['0', '2', '4', '6'],
        ['1', '3', '5', '7'],
      ])
    })

    it('leaves out what a reading does not ask for, and ends early', async () => {
      for (let i = 0; i < 6; i++)
        await publish({ key: `k${i}`, partition: 0, value: Buffer.from(i % 2 === 0 ? 'even' : 'odd') })
      const read = async (filter: ReadFilter) => {
        const seen: string[] = []
        await broker.read(
          topic,
          [{ partition: 0, from: 0n, to: 6n }],
          (records) => void seen.push(...records.map(text)),
          filter,
        )
        return seen
      }
      expect(await read({ holding: [Buffer.from('even')] })).toEqual(['even', 'even', 'even'])
      expect(await read({ holding: [Buffer.from('k5'), Buffer.from('k0')] })).toEqual(['even', 'odd'])
      expect(await read({ isEnough: () => true })).toEqual([])
    })

    it('names the partition to which a producer sends a key', async () => {
      const keys = ['a', 'b', 'c', 'acme-wa', '5f0c']
      for (const key of keys) await publish({ key, value: Buffer.from(key) })
      const found: string[] = []
      const ends = await broker.offsetsAt(topic, time.now() + 60_000)
      const ranges = Array.from(ends, ([partition, to]) => ({ partition, from: 0n, to }))
      await broker.read(topic, ranges, (records) => {
        for (const { partition, key } of records)
          if (broker.partitionOf(key ?? '', ends.size) === partition) found.push(key ?? '')
      })
      expect(found.sort()).toEqual(keys.toSorted())
    })

    it('finds the offset of a time', async () => {
      await publish({ key: null, partition: 0, value: Buffer.from('early') })
      await time.advance(30)
      const between = time.now()
      await time.advance(30)
      await publish({ key: null, partition: 0, value: Buffer.from('late') })
      const found = (offsets: ReadonlyMap<number, bigint>) => [offsets.get(0), offsets.get(1)]
      expect(found(await broker.offsetsAt(topic, 0))).toEqual([0n, 0n])
      expect(found(await broker.offsetsAt(topic, between))).toEqual([1n, 0n])
      expect(found(await broker.offsetsAt(topic, time.now() + 60_000))).toEqual([2n, 0n])
    })

    it('deletes topics, which can be made again at once, empty', async () => {
      await publish({ key: 'k', value: Buffer.from('before') })
      await broker.deleteTopics([topic, 'it-broker-that-is-not-there'])
      expect((await broker.listTopics()).some(({ name }) => name === topic)).toBe(false)
      await broker.createTopics([{ name: topic, partitions: 2, config: {} }])
      expect([...(await broker.offsetsAt(topic, 0)).values()]).toEqual([0n, 0n])
    })

    it('creates topics once, adds partitions and changes settings', async () => {
      await broker.createTopics([{ name: topic, partitions: 2, config: {} }]).catch(() => {})
      await broker.addPartitions(topic, 3)
      await broker.alterConfig(topic, { 'retention.ms': '7200000' })
      await eventually('the change', async () => {
        const found = (await broker.listTopics()).find(({ name }) => name === topic)
        return found?.partitions === 3 && found.config['retention.ms'] === '7200000'
      })
    })
  })
