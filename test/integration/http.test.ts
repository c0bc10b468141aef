import { createServer, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { simulatorApp } from '../../services/local/simulator/authorisation.ts'
import { createSimulator } from '../../services/local/simulator/server.ts'
import { type HttpClient, openHttp } from '../../services/runtime/adapters/http.ts'
import { openTikTokApi } from '../../services/runtime/adapters/tiktok-api.ts'

let servers: Server[] = []
let clients: HttpClient[] = []
const serve = async (server: Server) => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const answering = (listener: RequestListener) => serve(createServer(listener))
const client = (url: string) => {
  const opened = openHttp(url)
  clients.push(opened)
  return opened
}
const post = (http: HttpClient, { body = '{}', timeoutMs = 1_000, headers = {} } = {}) =>
  http.post({ headers, body, timeoutMs })

afterEach(() => {
  for (const opened of clients) opened.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  servers = []
  clients = []
})

describe('the HTTP client', () => {
  it('posts body and headers and returns the response, over one connection', async () => {
    const seen: unknown[] = []
    let connections = 0
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        seen.push([request.url, request.headers['access-token'], body])
        response.writeHead(418).end('señal')
      })
    })
    server.on('connection', () => connections++)
    const http = client(`${await serve(server)}/a/b/`)
    for (let i = 0; i < 3; i++) {
      expect(await post(http, { body: '{"ñ":1}', headers: { 'Access-Token': 't' } })).toEqual({
        kind: 'answered',
        status: 418,
        body: 'señal',
      })
    }
    expect(seen).toEqual([1, 2, 3].map(() => ['/a/b/', 't', '{"ñ":1}']))
    expect(connections).toBe(1)
  })

  it.each<[string, RequestListener, string]>([
    ['no answer', () => {}, 'timeout'],
    ['an answer that does not end', (_request, response) => void response.writeHead(200).write('{'), 'timeout'],
    ['a cut connection', (request) => void request.socket.resetAndDestroy(), 'reset'],
    [
      'a connection cut in the middle of the answer',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('{', () => response.socket?.destroy())
      },
      'reset',
    ],
    ['an endless answer', (_request, response) => void response.end(Buffer.alloc(2_000_000)), 'too_long'],
  ])('reports %s', async (_name, listener, reason) => {
    const http = client(await answering(listener))
    expect(await post(http, { timeoutMs: 300 })).toEqual({ kind: 'failed', reason })
  })

  it('reports an unreachable server', async () => {
    const url = await answering(() => {})
    servers.pop()?.close()
    expect(await post(client(url))).toEqual({ kind: 'failed', reason: 'unreachable' })
  })

  it('retries on a new connection when an idle one was closed', async () => {
    let calls = 0
    const http = client(
      await answering((request, response) => {
        calls++
        // The second call arrives on the kept connection, which is reset then.
        if (calls === 2) request.socket.resetAndDestroy()
        else response.end('{}')
      }),
    )
    expect(await post(http)).toMatchObject({ kind: 'answered' })
    expect(await post(http)).toMatchObject({ kind: 'answered' })
    expect(calls).toBe(3)
  })
})

describe('the simulator over HTTP', () => {
  it('serves the endpoint, the control API and what arrived', async () => {
    const base = await serve(createSimulator({ keep: 100 }).server)
    const json = async (path: string, init?: RequestInit) => {
      const response = await fetch(`${base}${path}`, init)
      return { status: response.status, ...((await response.json()) as object) }
    }
    const send = (token: string, path = '/open_api/v1.3/event/track/') =>
      fetch(`${base}${path}`, {
        method: 'POST',
        headers: { 'Access-Token': token },
        body: JSON.stringify({
          event_source: 'message',
          event_source_id: '9',
          data: [{ event: 'Conversation', event_id: 'e1', event_time: Math.floor(Date.now() / 1000) }],
        }),
      })
    expect(await json('/readyz')).toEqual({ status: 200, ready: true })
    expect((await send('t', '/open_api/v1.3/event/track')).status).toBe(404)
    expect(await (await send('t')).json()).toMatchObject({ code: 0 })

    const control = (path: string, body: object, method = 'POST') => json(path, { method, body: JSON.stringify(body) })
    expect(await control('/_control/faults', { token: 't', status: 503, count: 1 })).toMatchObject({ status: 200 })
    expect(await control('/_control/faults', { nonsense: true })).toMatchObject({ status: 400 })
    expect((await send('t')).status).toBe(503)
    expect(await control('/_control/tokens', { tokens: ['other'] })).toEqual({ status: 200, registered: 1 })
    expect(await (await send('t')).json()).toMatchObject({ code: 40105 })
    expect(await control('/_control/faults', { token: 'other', reset: true })).toMatchObject({ status: 200 })
    await expect(send('other')).rejects.toThrow()

    expect(await json('/_stats')).toMatchObject({ calls: 4, events: 1 })
    expect(await json('/_events?since=0')).toMatchObject({ events: [{ seq: 1 }] })
    expect(await json('/_calls?since=1')).toMatchObject({
      calls: [{ answer: 'http 503' }, { answer: '40105' }, { answer: 'reset' }],
    })
    expect((await (await fetch(`${base}/_events?format=ndjson`)).text()).trim().split('\n')).toHaveLength(1)
    expect(await (await fetch(base)).text()).toContain('TikTok simulator')
    expect(await control('/_control/reset', {})).toMatchObject({ status: 200 })
    expect(await json('/_stats')).toMatchObject({ calls: 0, events: 0 })
  })

  it('takes no control request from a page of another site, and puts no markup of others on its own', async () => {
    const base = await serve(createSimulator({ keep: 100 }).server)
    const { host } = new URL(base)
    /** `fetch` sets no host of its own, `node:http` does. */
    const reset = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request(`${base}/_control/reset`, { method: 'POST', headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.on('error', reject)
        asked.end('{}')
      })
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-origin', host: 'evil.example' },
      { origin: 'http://evil.example', host: 'evil.example' },
    ])
      expect(await reset(headers as Record<string, string>)).toBe(403)
    for (const headers of [{}, { host: 'simulator:80' }, { origin: base, 'sec-fetch-site': 'same-origin', host }])
      expect(await reset(headers as Record<string, string>)).toBe(200)

    const query = new URLSearchParams({
      app_id: simulatorApp.id,
      redirect_uri: base,
      '"><script>alert(1)</script>': 'x',
    })
    const page = await (await fetch(`${base}/portal/auth?${query}`)).text()
    expect(page).not.toContain('<script>')
    expect(page).toContain('name="&#34;&#62;&#60;script&#62;')
  })
})

describe('TikTok’s API', () => {
  it('is not followed to another address: the token stays here', async () => {
    const seen: (string | undefined)[] = []
    const other = await answering((asked, response) => {
      seen.push(asked.headers['access-token'] as string | undefined)
      response.end('{"code":0,"data":{}}')
    })
    const base = await answering((_asked, response) => {
      response.writeHead(307, { location: `${other}/open_api/v1.3/x/` })
      response.end()
    })
    const result = await openTikTokApi(base).call('POST', 'x/', { token: 'secret', body: { app_secret: 's' } })
    expect(result).toEqual({ kind: 'failed', reason: 'not reachable' })
    expect(seen).toEqual([])
  })
})
