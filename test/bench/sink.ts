/** A stub of TikTok: answers every call after 20 ms and records when each event arrived. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Sink {
  readonly url: string
  /** Arrival of each distinct event, ms by `performance.now()`, in order. */
  readonly arrivals: number[]
  readonly repeated: () => number
  readonly calls: () => number
  close(): void
}

export const openSink = async (): Promise<Sink> => {
  const seen = new Set<string>()
  const arrivals: number[] = []
  let repeated = 0
  let calls = 0
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      calls++
      const { data } = JSON.parse(Buffer.concat(parts).toString()) as { data: { event_id: string }[] }
      const now = performance.now()
      for (const { event_id } of data) {
        if (seen.has(event_id)) repeated++
        else arrivals.push(now)
        seen.add(event_id)
      }
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end('{"code":0,"message":"OK","request_id":"bench"}')
      }, 20)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    repeated: () => repeated,
    calls: () => calls,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
