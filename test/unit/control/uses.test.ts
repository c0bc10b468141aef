import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KeptUses } from '../../../services/control/history/kept-uses.ts'
import { PrometheusHistory } from '../../../services/control/history/prometheus-history.ts'
import { stepOf } from '../../../services/control/history/uses.ts'
import { DependencyError, type RedisCommands } from '../../../services/runtime/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = 20_000 * day

const openStore = () => {
  const values = new Map<string, Buffer>()
  const state = { isAway: false }
  const answer = <T>(value: T): Promise<T> =>
    state.isAway ? Promise.reject(new DependencyError('redis', 'away')) : Promise.resolve(value)
  const redis: Pick<RedisCommands, 'getMany' | 'setMany'> = {
    getMany: (keys) => answer(keys.map((key) => values.get(String(key)) ?? null)),
    setMany: (entries) =>
      answer(undefined).then(() => {
        for (const { key, value } of entries) values.set(String(key), value)
      }),
  }
  return { redis, values, state }
}

const scraped = (raised: number, shadow: number, address = 'http://keywords/metrics') => [
  {
    address,
    text: [
      `signals_keyword_uses_total{list="mx",flag="asked_price",mode="raised"} ${raised}`,
      `signals_keyword_uses_total{list="mx",flag="asked_price",mode="shadow"} ${shadow}`,
      `signals_keyword_uses_total{list="mx",flag="constructor",mode="shadow"} ${shadow}`,
      `signals_rules_total{connection="a",rule_set="default",mode="shadow",result="send"} ${shadow}`,
      `signals_rules_total{connection="b",rule_set="default",mode="shadow",result="unless"} ${shadow}`,
    ].join('\n'),
  },
]

describe('what lists and rule sets hit, as control keeps it', () => {
  it('is the growth of the counters by ten minutes, and outlives its process', async () => {
    const { redis } = openStore()
    const clock = new FakeClock(start)
    const first = new KeptUses(redis, clock)
    await first.add(scraped(100, 50))
    await first.add(scraped(102, 55))
    await clock.advance(10 * minute)
    await first.add(scraped(102, 56))
    await clock.advance(10 * minute)
    const second = new KeptUses(redis, clock)
    await second.add(scraped(110, 60))
    await second.add(scraped(111, 60))
    const { at, stepMs, raised, shadow, names } = await second.read('keyword-lists', 'mx', start, start + hour)
    expect([stepMs, at[0], at.length]).toEqual([10 * minute, start, 6])
    expect([raised, shadow]).toEqual([
      [2, 0, 1, null, null, null],
      [10, 2, 0, null, null, null],
    ])
    expect(names).toEqual([
      { name: 'asked_price', raised: 3, shadow: 6 },
      { name: 'constructor', raised: 0, shadow: 6 },
    ])
  })

  it('counts of a rule set what fires, and names what was kept back', async () => {
    const { redis } = openStore()
    const uses = new KeptUses(redis, new FakeClock(start))
    await uses.add(scraped(0, 0))
    await uses.add(scraped(0, 3))
    const { shadow, names } = await uses.read('rule-sets', 'default', start, start + 10 * minute)
    expect(shadow).toEqual([3])
    expect(names.map(({ name }) => name)).toEqual(['send', 'unless'])
    expect((await uses.read('rule-sets', 'toString', start, start + hour)).names).toEqual([])
  })

  it('adds up instances, and takes a lower counter for one that began again', async () => {
    const { redis } = openStore()
    const uses = new KeptUses(redis, new FakeClock(start))
    const both = (one: number, other: number) => [...scraped(one, 0), ...scraped(other, 0, 'http://second/metrics')]
    await uses.add(both(5, 70))
    await uses.add(both(6, 2))
    expect((await uses.read('keyword-lists', 'mx', start, start + minute)).raised).toEqual([3])
  })

  it('loses nothing within an hour while Redis is away', async () => {
    const { redis, state } = openStore()
    const clock = new FakeClock(start)
    const uses = new KeptUses(redis, clock)
    await uses.add(scraped(0, 0))
    state.isAway = true
    await clock.advance(minute)
    await expect(uses.add(scraped(4, 0))).rejects.toThrow(DependencyError)
    state.isAway = false
    await uses.add(scraped(5, 0))
    expect((await uses.read('keyword-lists', 'mx', start, start + minute)).raised).toEqual([5])
    const later = new KeptUses(redis, clock)
    expect((await later.read('keyword-lists', 'mx', start, start + minute)).raised).toEqual([5])
  })

  it('is shown by ten minutes, hours or days, of a week in as many keys as it has hours', async () => {
    expect([hour, 12 * hour, day, 3 * day, 7 * day].map((span) => stepOf(start, start + span) / minute)).toEqual([
      10, 10, 60, 60, 1_440,
    ])
    const { redis, values } = openStore()
    const clock = new FakeClock(start)
    const uses = new KeptUses(redis, clock)
    for (let n = 0; n <= 72; n++) {
      await uses.add(scraped(n, 0))
      await clock.advance(hour)
    }
    expect(values.size).toBe(73)
    const week = await uses.read('keyword-lists', 'mx', start, start + 4 * day)
    expect([week.at.length, week.raised]).toEqual([4, [23, 24, 24, 1]])
    const second = await uses.read('keyword-lists', 'mx', start + day, start + 2 * day)
    expect(second.raised).toEqual(Array.from({ length: 24 }, () => 1))
  })

  it('takes less than 2 MB for a week of 50 flags', async () => {
    const { redis, values } = openStore()
    const clock = new FakeClock(start)
    const uses = new KeptUses(redis, clock)
    for (let n = 0; n < 6; n++) {
      const text = Array.from({ length: 100 }, (_, at) => {
        const [flag, mode] = [`asked_delivery_${at % 50}`, at < 50 ? 'raised' : 'shadow']
        return `signals_keyword_uses_total{list="default",flag="${flag}",mode="${mode}"} ${n * 1_000}`
      }).join('\n')
      await uses.add([{ address: 'http://keywords/metrics', text }])
      await clock.advance(10 * minute)
    }
    expect((values.get(`console-uses:${start / hour}`)?.length ?? 0) * 24 * 8).toBeLessThan(2_000_000)
    expect((await uses.read('keyword-lists', 'default', start, start + hour)).names).toHaveLength(50)
  })

  it('has a gap for what is not as it was written', async () => {
    const { redis, values } = openStore()
    values.set(`console-uses:${start / hour}`, Buffer.from('{'))
    const clock = new FakeClock(start + 2 * hour)
    expect((await new KeptUses(redis, clock).read('keyword-lists', 'mx', start, start + 10 * minute)).raised).toEqual([
      null,
    ])
  })
})

describe('what lists and rule sets hit, from Prometheus', () => {
  it('is the increase in each step, by flag and mode', async () => {
    const asked: URLSearchParams[] = []
    const end = start / 1_000 + 600
    const server = createServer((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://x').searchParams)
      const result = [
        { metric: { flag: 'asked_price', mode: 'raised' }, values: [[end, '2.98']] },
        { metric: { flag: 'asked_price', mode: 'shadow' }, values: [[end + 600, '5']] },
      ]
      response.end(JSON.stringify({ data: { result } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const prometheus = new PrometheusHistory(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const found = await prometheus.uses('keyword-lists', 'm"x', start, start + 30 * minute)
    server.close()
    server.closeAllConnections()
    expect([found.raised, found.shadow]).toEqual([
      [3, 0, null],
      [0, 5, null],
    ])
    expect(Object.fromEntries(asked[0] ?? [])).toEqual({
      query: 'sum by (flag, mode) (increase(signals_keyword_uses_total{list="m\\"x"}[600s]))',
      ...{ step: '600', start: String(end), end: String(start / 1_000 + 1_800) },
    })
  })
})
