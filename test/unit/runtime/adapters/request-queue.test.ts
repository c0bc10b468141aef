import { createRequire } from 'node:module'
import { jest } from '@jest/globals'
import '../../../../services/runtime/adapters/kafka/request-queue.ts'

interface Queue {
  readonly pending: readonly unknown[]
  push(request: object): void
  fulfillRequest(response: object): void
  maybeThrottle(ms: number): void
}

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => Queue

const open = () =>
  new RequestQueue({
    maxInFlightRequests: null,
    requestTimeout: 15_000,
    enforceRequestTimeout: false,
    clientId: 'test',
    broker: 'broker:9092',
    logger: { debug: () => {} },
  })
const request = (correlationId: number, sent: number[]) => ({
  sendRequest: () => void sent.push(correlationId),
  entry: { correlationId, resolve: () => {}, reject: () => {} },
  expectResponse: true,
  requestTimeout: 15_000,
})

describe("a connection's queue of requests", () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('leaves no timer when all requests are answered', () => {
    const queue = open()
    const sent: number[] = []
    queue.push(request(1, sent))
    queue.fulfillRequest({ correlationId: 1, payload: {}, size: 1 })
    expect(sent).toEqual([1])
    expect(jest.getTimerCount()).toBe(0)
  })

  it('sends queued requests when the throttling by the broker ends', () => {
    const queue = open()
    const sent: number[] = []
    queue.maybeThrottle(500)
    queue.push(request(1, sent))
    jest.advanceTimersByTime(400)
    expect(sent).toEqual([])
    jest.advanceTimersByTime(200)
    expect(sent).toEqual([1])
    expect(queue.pending).toHaveLength(0)
    queue.fulfillRequest({ correlationId: 1, payload: {}, size: 1 })
    expect(jest.getTimerCount()).toBe(0)
  })
})
