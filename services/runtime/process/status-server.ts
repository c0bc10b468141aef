/** The HTTP server of every process for `/metrics`, `/livez`, `/readyz` and `/healthz`, which name no account. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type HealthReport, stageStates } from '../health/health.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** A page of one process. Null: the bearer may not read it. */
export type StatusPage = (authorization: string | undefined) => unknown

export interface StatusServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * @param port 0 takes any free port
 * @param refresh updates health and metrics before a response; never rejects
 * @param pages further JSON by path; each judges the bearer itself
 * @throws Error with code EADDRINUSE when the port is taken
 */
export const serveStatus = async (
  { port, host }: { readonly port: number; readonly host: string },
  metrics: Pick<Metrics, 'render' | 'set'>,
  report: () => HealthReport,
  refresh: () => Promise<void> = async () => {},
  pages: Readonly<Record<string, StatusPage>> = {},
): Promise<StatusServer> => {
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?')[0] as string
    const answer = (status: number, type: string, body: string) => {
      response.writeHead(status, { 'content-type': type })
      response.end(body)
    }
    if (path === '/livez') return answer(200, 'text/plain', 'alive\n')
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    if (page) {
      const value = page(request.headers.authorization)
      return value === null
        ? answer(401, 'text/plain', 'send the STATUS_TOKEN of this process as a bearer\n')
        : answer(200, 'application/json', `${JSON.stringify(value)}\n`)
    }
    // `/readyz` is polled during a start and needs no request to the broker.
    if (path === '/metrics' || path === '/healthz') await refresh()
    const health = report()
    if (path === '/metrics') {
      metrics.set('signals_oldest_unprocessed_seconds', {}, health.oldestUnprocessedSeconds)
      for (const state of stageStates) metrics.set('signals_state', { state }, state === health.state ? 1 : 0)
      return answer(200, 'text/plain; version=0.0.4', await metrics.render())
    }
    if (path === '/readyz') return answer(health.ready ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
    if (path === '/healthz')
      return answer(health.healthy ? 200 : 503, 'application/json', `${JSON.stringify(health)}\n`)
    return answer(404, 'text/plain', 'try /metrics, /livez, /readyz or /healthz\n')
  }
  const server = createServer((request, response) => {
    response.on('error', () => {})
    // A scrape that fails must not end the process.
    respond(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
