import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LongHistory } from '../../../services/control/history/long-history.ts'
import { PrometheusHistory } from '../../../services/control/history/prometheus-history.ts'
import type { RedisCommands } from '../../../services/runtime/ports.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const minute = 60_000
const hour = 60 * minute
const start = 480_000 * hour

const openStore = () => {
  const values = new Map<string, Buffer>()
  const redis: Pick<RedisCommands, 'getMany' | 'setMany'> = {
    getMany: async (keys) => keys.map((key) => values.get(String(key)) ?? null),
    setMany: async (entries) => {
      for (const { key, value } of entries) values.set(String(key), value)
    },
  }
  return { redis, values }
}

const sample = (perSecond: number | null, ageSeconds = 0) => [{ stage: 'ingest', perSecond, ageSeconds } as const]

describe('the history of a week', () => {
  it('keeps the mean of each minute, and outlives its process', async () => {
    const { redis } = openStore()
    const clock = new FakeClock(start)
    const first = new LongHistory(redis, clock)
    for (const perSecond of [1, 3, null]) await first.add(sample(perSecond, 2))
    await clock.advance(minute)
    await first.add(sample(8))
    const second = new LongHistory(redis, clock)
    await second.add(sample(10))
    await clock.advance(minute)
    await second.add(sample(0))
    const { at, stages } = await second.read(start, start + hour, 400)
    expect(at).toEqual([start, start + minute, start + 2 * minute])
    expect([stages.ingest.perSecond, stages.ingest.ageSeconds, stages.dispatch.perSecond]).toEqual([
      [2, 10, 0],
      [2, 0, 0],
      [null, null, null],
    ])
  })

  it('is bounded: keys of an hour that end by themselves, and as many points as asked for', async () => {
    const { redis, values } = openStore()
    const clock = new FakeClock(start)
    const history = new LongHistory(redis, clock)
    for (let n = 0; n <= 180; n++) {
      await history.add(sample(n))
      await clock.advance(minute)
    }
    expect(values.size).toBe(3)
    expect(Math.max(...[...values.values()].map(({ length }) => length)) * 24 * 7).toBeLessThan(2_000_000)
    const { at, stages } = await history.read(start, start + 3 * hour, 10)
    expect(at.length).toBeLessThanOrEqual(11)
    expect(stages.ingest.perSecond[0]).toBe(8.5)
  })

  it('leaves out what is not as it was written', async () => {
    const { redis, values } = openStore()
    values.set(`console-history:${start / hour}`, Buffer.from('{'))
    expect((await new LongHistory(redis, new FakeClock(start)).read(start, start + hour, 10)).at).toEqual([])
  })
})

describe('the history from Prometheus', () => {
  const serve = async (answer: (query: string) => object, status = 200) => {
    const server = createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams.get('query') ?? ''
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer(query)))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => {
        server.close()
        server.closeAllConnections()
      },
    }
  }

  it('has rate and age of each stage, and gaps where it knows nothing', async () => {
    const at = start / 1_000
    const { url, close } = await serve((query) => ({
      data: {
        result: query.includes('deliveries_received')
          ? [{ metric: {}, values: [[at, '7']] }]
          : query.startsWith('max')
            ? [{ metric: { group: 'acme.signals-ingest' }, values: [[at + 60, '3']] }]
            : [{ metric: { stage: 'ingest' }, values: [[at, '5']] }],
      },
    }))
    const { at: times, stages } = await new PrometheusHistory(`${url}/`).read(start, start + minute, 1)
    close()
    expect(times).toEqual([start, start + minute])
    expect([stages.gateway.perSecond, stages.ingest.perSecond, stages.ingest.ageSeconds]).toEqual([
      [7, null],
      [5, null],
      [null, 3],
    ])
  })

  it('names the setting when it does not answer, and not the address', async () => {
    const { url, close } = await serve(() => ({ status: 'error' }), 500)
    const problem = await new PrometheusHistory(url).read(start, start + minute, 1).catch((error: unknown) => error)
    close()
    expect(problem).toMatchObject({ status: 502, message: expect.stringContaining('PROMETHEUS_URL') })
    expect((problem as Error).message).not.toContain('127.0.0.1')
  })
})
