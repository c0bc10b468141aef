import {
  assumptions,
  type Figures,
  fit,
  measuredCpu,
  needOf,
  predictCpu,
  type Run,
} from '../../bench/capacity/model.ts'

/** A machine of which everything is known: ingest 30 µs, the others 10 each, 2 s until compiled, 0.5 µs a further partition. */
const runOf = (messages: number, partitions: number, processes: number): Run => {
  const more = (0.5 * (partitions - 6)) / 4 + (0.5 * processes * 1e6) / messages
  return {
    ...{ messages, partitions, processes },
    cpu: { ingest: 30 + more, attribution: 10 + more, keywords: 10 + more, dispatch: 10 + more },
    broker: 15 + 2 * (partitions - 6) + 6e6 / messages,
    redis: 12,
  }
}
const fitted = fit(runOf(50_000, 6, 1), runOf(150_000, 6, 1), runOf(100_000, 60, 1))
const figures: Figures = { ...fitted, gateway: 100, bytes: { 'channel-events.v1': 500, 'messages.v1': 300 } }
const retention = { 'channel-events.v1': 3 * 86_400_000, 'messages.v1': 7 * 86_400_000 }

test('the fit separates what grows with the messages from what a process spends once', () => {
  expect(figures.cpu.ingest).toBeCloseTo(30)
  expect(figures.cpu.dispatch).toBeCloseTo(10)
  expect(figures.compileSeconds).toBeCloseTo(2)
  expect(figures.perPartition.stages).toBeCloseTo(0.5)
  expect(figures.perPartition.broker).toBeCloseTo(2)
  expect(figures.broker).toBeCloseTo(15)
})

test.each([
  [100_000, 24, 1],
  [60_000, 12, 2],
  [200_000, 6, 4],
])('%s messages, %s partitions, %s processes are predicted as they are', (messages, partitions, processes) => {
  const run = runOf(messages, partitions, processes)
  expect(predictCpu(figures, run)).toBeCloseTo(measuredCpu(run))
})

test('a small rate needs the fewest of everything', () => {
  const { processes, partitions, brokers } = needOf(10, figures, retention)
  expect(processes).toEqual({ gateway: 2, ingest: 2, attribution: 2, keywords: 2, dispatch: 2 })
  expect([partitions, brokers]).toEqual([6, 3])
})

test('processes follow from the CPU that a stage takes at the rate', () => {
  // 100,000 × 30 µs are 3 CPUs, of which a process gives 1.3 × 0.6.
  expect(needOf(100_000, figures, retention).processes.ingest).toBe(4)
  // 100,000 × 100 µs are 10 CPUs, of which a process of the gateway gives 0.6.
  expect(needOf(100_000, figures, retention).processes.gateway).toBe(17)
})

test('no stage has more processes than partitions', () => {
  const slow = { ...figures, cpu: { ...figures.cpu, dispatch: 50_000 } }
  const { processes, partitions } = needOf(1_000, slow, retention)
  expect(processes.dispatch).toBe(65)
  expect(partitions).toBeGreaterThanOrEqual(processes.dispatch)
})

test('disk and Redis follow from the bytes, the copies and how long they are kept', () => {
  const need = needOf(1_000, figures, retention)
  // Webhooks of 1,500 bytes for 3 days and messages of 300 for 7, three copies.
  expect(need.diskTb).toBeCloseTo((1_000 * 3 * 86_400 * (1_500 * 3 + 300 * 7)) / 1e12)
  // A sixth of the messages begins a conversation, kept for 35 days; two claims each for a day.
  expect(need.redisGb).toBeCloseTo((1_000 * 86_400 * ((150 * 35) / 6 + 2 * 25)) / 1e9)
  expect(needOf(1_000, figures, retention, { ...assumptions, stateDays: 7 }).redisGb).toBeLessThan(need.redisGb / 3)
})

test('brokers follow from what they write where that is more than their CPU', () => {
  const calm = { ...assumptions, writesOfBroker: 1e12 }
  expect(needOf(1_000_000, figures, retention).brokers).toBe(Math.ceil((1e6 * 3 * 1_800) / 60e6))
  // 15 µs and two further copies at half of it each are 30 CPUs, of 4.8 a broker.
  expect(needOf(1_000_000, figures, retention, calm).brokers).toBe(7)
})
