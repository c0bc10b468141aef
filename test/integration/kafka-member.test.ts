import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import type { Broker, ConsumerOptions, RunningConsumer } from '../../services/runtime/ports.ts'
import { eventually } from '../support/eventually.ts'
import type { MemberTask } from '../support/group-member.ts'
import { shortTimes } from '../support/kafka-times.ts'
import { realParts } from '../support/real-parts.ts'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let n = 0
let broker: Broker
let topic: string
let group: string
const running: RunningConsumer[] = []

beforeEach(async () => {
  broker = openBroker(realParts().kafka('it', 'platformatic'))
  topic = `it-member-${Date.now()}-${n++}`
  group = `${topic}-group`
  await broker.createTopics([{ name: topic, partitions: 4, config: {} }])
})
afterEach(async () => {
  for (const consumer of running.splice(0)) await consumer.stop()
  await broker.close()
})

const publish = async (from: number, to: number, only?: number) => {
  const producer = await broker.producer()
  await producer.send(
    Array.from({ length: to - from }, (_, at) => ({
      ...{ topic, key: null, partition: only ?? (from + at) % 4 },
      value: Buffer.from(String(from + at)),
    })),
  )
  await producer.close()
}

const member = async (options: Partial<ConsumerOptions> = {}) => {
  const state = { assigned: [] as string[], seen: [] as number[], times: [] as number[] }
  const consumer = await broker.consume({
    ...{ group, topics: [topic], from: 'earliest', times: shortTimes },
    onBatch: async ({ records }) => {
      state.seen.push(...records.map(({ value }) => Number(value?.toString())))
      state.times.push(Date.now())
      return undefined
    },
    onAssigned: (partitions) =>
      state.assigned.push(
        partitions
          .map(({ partition }) => partition)
          .sort()
          .join(','),
      ),
    ...options,
  })
  running.push(consumer)
  return { consumer, state }
}

describe('a static member', () => {
  it('gets its partitions back after a restart, and the others notice nothing', async () => {
    const stays = await member({ instanceId: 'b' })
    const leaves = await member({ instanceId: 'a' })
    await eventually('shares', () => leaves.state.assigned.length > 0 && stays.state.assigned.at(-1)?.length === 3)
    const share = leaves.state.assigned.at(-1)
    const before = stays.state.assigned.length
    await leaves.consumer.stop()
    await publish(0, 8)
    await eventually('its own records', () => stays.state.seen.length === 4)
    const again = await member({ instanceId: 'a' })
    await eventually('the rest', () => again.state.seen.length === 4, 8_000)
    expect(again.state.assigned).toEqual([share])
    await sleep(3 * shortTimes.heartbeatMs)
    expect(stays.state.assigned).toHaveLength(before)
    expect([...stays.state.seen, ...again.state.seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('that assigns the partitions is restarted the same way', async () => {
    const leaves = await member({ instanceId: 'a' })
    await eventually('everything', () => leaves.state.assigned.length > 0)
    const stays = await member({ instanceId: 'b' })
    await eventually('shares', () => stays.state.assigned.length > 0 && leaves.state.assigned.at(-1)?.length === 3)
    const before = stays.state.assigned.length
    const share = leaves.state.assigned.at(-1)
    await leaves.consumer.stop()
    const again = await member({ instanceId: 'a' })
    await eventually('its share', () => again.state.assigned.length > 0, 8_000)
    expect(again.state.assigned).toEqual([share])
    await sleep(3 * shortTimes.heartbeatMs)
    expect(stays.state.assigned).toHaveLength(before)
  })

  it('whose name another process takes ends with an error', async () => {
    const first = await member({ instanceId: 'a' })
    await eventually('everything', () => first.state.assigned.length > 0)
    await member({ instanceId: 'a' })
    await expect(first.consumer.ended).rejects.toThrow(/another process is the member a of the group/)
  })

  it('without a name leaves at once', async () => {
    const stays = await member()
    const leaves = await member()
    await eventually('shares', () => leaves.state.assigned.length > 0 && stays.state.assigned.at(-1)?.length === 3)
    await leaves.consumer.stop()
    await eventually('everything', () => stays.state.assigned.at(-1)?.length === 7, 5_000)
  })
})

describe('fetching', () => {
  it('hands a record over as soon as it is there', async () => {
    const { state } = await member()
    await eventually('its partitions', () => state.assigned.length > 0)
    await sleep(1_500)
    const latencies: number[] = []
    for (let i = 0; i < 10; i++) {
      await publish(i, i + 1)
      const sent = Date.now()
      await eventually('the record', () => state.seen.length === i + 1)
      latencies.push((state.times.at(-1) as number) - sent)
      await sleep(150)
    }
    // Against a poll of a second: the broker answers when a record comes.
    expect(latencies.sort((a, b) => a - b)[5]).toBeLessThan(50)
  })

  it('goes on while a batch is under way: what came meanwhile is the next batch', async () => {
    const batches: { records: number; at: number }[] = []
    let end = 0
    await member({
      onBatch: async ({ records }) => {
        batches.push({ records: records.length, at: Date.now() })
        if (batches.length === 1) {
          await sleep(1_500)
          end = Date.now()
        }
        return undefined
      },
    })
    await publish(0, 1, 2)
    await eventually('the first', () => batches.length === 1)
    for (let i = 1; i < 101; i += 10) await publish(i, i + 10, 2)
    await eventually('the second', () => batches.length === 2)
    expect(batches[1]?.records).toBe(100)
    expect((batches[1]?.at ?? 0) - end).toBeLessThan(50)
  })

  it('bounds what waits, and loses nothing of it', async () => {
    const value = Buffer.alloc(50_000, 1)
    const producer = await broker.producer()
    for (let i = 0; i < 10; i++)
      await producer.send(Array.from({ length: 10 }, () => ({ topic, key: null, partition: 1, value })))
    await producer.close()
    const sizes: number[] = []
    await member({
      onBatch: async ({ records }) => {
        sizes.push(records.length)
        await sleep(50)
        return undefined
      },
    })
    await eventually('all', () => sizes.reduce((sum, size) => sum + size, 0) === 100)
    // At most what makes the queue full and one fetch more, each 512 KiB.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(22)
  })

  it('keeps its partitions while it cannot fetch them', async () => {
    const states: string[] = []
    const { state } = await member({ onConnection: (to) => states.push(to) })
    await eventually('its share', () => states.at(-1) === 'up')
    await broker.deleteTopics([topic])
    await eventually('trouble', () => states.at(-1) === 'down', 8_000)
    await broker.createTopics([{ name: topic, partitions: 4, config: {} }])
    await eventually('recovery', () => states.at(-1) === 'up', 8_000)
    expect(state.assigned).toEqual(['0,1,2,3'])
  })

  it('finds partitions that are added', async () => {
    const { state } = await member()
    await eventually('its partitions', () => state.assigned.at(-1) === '0,1,2,3')
    await broker.addPartitions(topic, 6)
    await eventually('the new ones', () => state.assigned.at(-1) === '0,1,2,3,4,5')
  })
})

describe.each(['platformatic', 'kafkajs'])(
  'a process by %s that is stopped for longer than its session and goes on',
  (client) => {
    let child: ChildProcess | undefined
    afterEach(() => void child?.kill('SIGKILL'))

    it('commits nothing and produces nothing of what others have done meanwhile', async () => {
      const to = `${topic}-copies`
      await broker.createTopics([{ name: to, partitions: 1, config: {} }])
      await publish(0, 8)
      const task: MemberTask = { brokers: realParts().brokers.join(','), client, group, from: topic, to, holdMs: 1_500 }
      const script = join(import.meta.dirname, '../support/group-member.ts')
      child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
      const said: Record<string, unknown>[] = []
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\n')) if (line.startsWith('{')) said.push(JSON.parse(line))
      })
      await eventually('batches', () => said.filter(({ batch }) => batch).length === 4, 30_000)
      child.kill('SIGSTOP')
      const stoppedAt = Date.now()
      const producer = await broker.producer()
      const { state } = await member({
        onBatch: async ({ records }) => {
          await producer.send(
            records.map(({ key, value }) => ({
              topic: to,
              key,
              value,
              headers: { by: 'other', n: String(state.seen.length) },
            })),
          )
          state.seen.push(...records.map(({ value }) => Number(value?.toString())))
          return undefined
        },
      })
      await eventually('the records', () => state.seen.length === 8)
      const committed = async () => (await broker.offsets(group, topic)).map((one) => one.committed)
      await eventually('the commits', async () => (await committed()).every((offset) => offset === 2n))
      await sleep(Math.max(0, stoppedAt + 1.5 * shortTimes.sessionMs - Date.now()))
      child.kill('SIGCONT')
      await eventually('its refusals', () => said.filter(({ refused }) => refused).length === 4, 10_000)
      expect(said.filter(({ stale }) => stale !== undefined).map(({ stale }) => stale)).toEqual([
        true,
        true,
        true,
        true,
      ])
      expect(said.some(({ sent }) => sent)).toBe(false)
      // It joins again, and works on with what is its own.
      await eventually('a share of its own', () => said.filter(({ assigned }) => assigned === 2).length > 0, 20_000)
      await publish(8, 24)
      const copies: { by: string | undefined; value: string }[] = []
      const following = await broker.follow([to], ({ headers, value }) => {
        copies.push({ by: headers.by, value: String(value) })
      })
      running.push(following)
      await eventually('a copy of each', () => copies.length >= 24, 30_000)
      await sleep(1_000)
      expect(copies.map(({ value }) => Number(value)).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 24 }, (_, i) => i),
      )
      expect(copies.filter(({ by }) => by === 'child').length).toBe(8)
      expect((await committed()).every((offset) => offset === 6n)).toBe(true)
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      await producer.close()
    }, 120_000)
  },
)
