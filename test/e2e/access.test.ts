import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { whatsappAccount } from '../../services/local/demo/webhooks.ts'
import { makeLoginLink } from '../../services/local/supervisor/login-link.ts'
import type { RunState, Secrets } from '../../services/local/supervisor/state-file.ts'
import type { AuditEntry } from '../../services/shared/model/audit.ts'
import { eventually } from '../support/eventually.ts'
import { malformedRequests } from '../support/malformed-requests.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

/** Who gets into a running pipeline, what a list may tell, and what is noted of both. */
describe('access to a running pipeline', () => {
  let world: World
  let console_: string
  let callback: string
  let token: string
  const stored = <T>(name: string) => JSON.parse(readFileSync(join(world.dataDir, name), 'utf8')) as T
  const consolePid = () => stored<RunState>('state.json').children.console?.pid
  const bearer = () => ({ authorization: `Bearer ${token}` })
  const signals = (...args: string[]) => world.pipeline.signals(...args)

  beforeAll(async () => {
    world = await openWorld()
    ;({ console: console_, callback } = world.pipeline.ready)
    token = stored<Secrets>('secrets.json').ADMIN_TOKEN as string
    await connectTwo(world)
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  it('shows nothing without a token, and metrics without the name of an account', async () => {
    for (const path of ['/api/status', '/admin/v1/connections', '/admin/v1/audit'])
      expect((await fetch(`${console_}${path}`)).status).toBe(401)
    const page = await fetch(console_, { redirect: 'manual' })
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login'])
    for (const path of ['/metrics', '/healthz', '/livez', '/readyz']) {
      const response = await fetch(`${console_}${path}`)
      expect(response.status).toBe(200)
      expect(await response.text()).not.toMatch(new RegExp(`${whatsappAccount}|shop-wa`))
      expect((await fetch(`${callback}${path}`)).status).toBe(404)
    }
    const status = await fetch(`${console_}/api/status`, { headers: bearer() })
    expect(await status.text()).toContain(whatsappAccount)
    expect((await fetch(`${callback}/api/status`, { headers: bearer() })).status).toBe(404)
  })

  it('logs a browser in by a link, once', async () => {
    const link = (await makeLoginLink(console_, world.dataDir, {})) as string
    const response = await fetch(link)
    const cookie = response.headers.get('set-cookie')?.split(';')[0] as string
    expect((await fetch(`${console_}/api/status`, { headers: { cookie } })).status).toBe(200)
    expect((await fetch(link)).status).toBe(401)
    const page = await fetch(console_, { headers: { cookie } })
    expect(page.headers.get('content-security-policy')).not.toMatch(/unsafe|https?:|\*/)
    const document = await page.text()
    expect(document).not.toMatch(/<script>|<style>| style="| on\w+="|https?:/)
    const files = Array.from(document.matchAll(/(?:src|href)="(\/assets\/[\w.-]+)"/g), ([, path]) => path)
    expect(files).toHaveLength(3)
    for (const path of files) {
      const answer = await fetch(`${console_}${path}`, { headers: { cookie } })
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'gzip'])
    }
    const overview = await fetch(`${console_}/admin/v1/overview`, { headers: bearer() })
    const { stages } = (await overview.json()) as { stages: { stage: string; instances: number; state: string }[] }
    expect(stages.map(({ instances, state }) => [instances, state])).toEqual(stages.map(() => [1, 'running']))
    const runbook = await fetch(`${console_}/admin/v1/runbooks/SignalsLate`, { headers: bearer() })
    expect(await runbook.text()).toContain('What to do')
  })

  it('goes on after a thousand malformed requests to each listener, in the same process', async () => {
    const pid = consolePid()
    const requests = [Buffer.from('GET // HTTP/1.1\r\nHost: localhost\r\n\r\n'), ...malformedRequests(1_000)]
    for (const url of [console_, callback]) {
      const { hostname, port } = new URL(url)
      for (let from = 0; from < requests.length; from += 100) {
        const sockets = requests.slice(from, from + 100).map((bytes) => {
          const socket = connect(Number(port), hostname)
          socket.on('error', () => {})
          socket.resume()
          socket.write(bytes)
          return socket
        })
        await sleep(250)
        for (const socket of sockets) socket.destroy()
      }
    }
    expect((await fetch(`${console_}/livez`)).status).toBe(200)
    expect(consolePid()).toBe(pid)
    expect(world.pipeline.log()).not.toMatch(/console.*(?:restart|ended)/)
  }, 60_000)

  it('refuses lists that could tell what was said, and notes who checked one', async () => {
    const csv = (rows: readonly string[]) => world.file('list.csv', ['keyword,flag', ...rows, ''].join('\n'))
    const flags = (count: number) => Array.from({ length: count }, (_, n) => `palabra${n}x,flag_${n}`)
    const importing = (file: string, ...more: string[]) => signals('keywords', 'import', file, '--list', 'mx', ...more)
    for (const [rows, problem] of [
      [['4111,card'], /of digits alone/],
      [['a,letter'], /one letter/],
      [[...flags(65), ...flags(65).map((row) => `otra${row}`)], /65 flags, at most 64/],
      [flags(21), /21 of the list's 21 flags have a single keyword.*--i-checked/],
    ] as const) {
      const { code, stderr } = await importing(csv(rows))
      expect(stderr).toMatch(problem)
      expect(code).toBe(3)
    }
    expect((await importing(csv(flags(21)), '--i-checked', '--shadow')).code).toBe(0)
    // A version that is made from another one is judged as well.
    expect((await signals('keywords', 'promote', 'mx')).code).toBe(3)
    expect((await signals('keywords', 'promote', 'mx', '--i-checked')).code).toBe(0)
    const lists = JSON.parse((await signals('keywords', 'list', '--json')).stdout) as Record<string, unknown>[]
    expect(lists.filter(({ listId }) => listId === 'mx')).toMatchObject([
      { version: 1, checked: true, author: expect.stringContaining(userInfo().username) },
      { version: 2, checked: true, inForce: true },
    ])
  }, 60_000)

  it('has an audit trail of commands, callers and browsers', async () => {
    await fetch(`${console_}/admin/v1/connections/shop-wa/pause`, {
      method: 'POST',
      headers: { ...bearer(), 'x-actor': 'ana' },
    })
    expect((await signals('connections', 'show', 'shop-wa')).code).toBe(0)
    let entries: AuditEntry[] = []
    await eventually('the entries', async () => {
      entries = JSON.parse((await signals('audit', 'list', '--json')).stdout) as AuditEntry[]
      return entries.some(({ action }) => action === 'audit.list')
    })
    const user = expect.stringContaining(userInfo().username)
    for (const entry of [
      { via: 'cli', actor: user, action: 'connections.add', target: 'shop-wa' },
      { via: 'cli', actor: user, action: 'keywords.import', target: 'default@1' },
      { via: 'cli', actor: user, action: 'keywords.promote', target: 'mx@2' },
      { via: 'cli', actor: user, action: 'connections.show', target: 'shop-wa' },
      { via: 'api', actor: 'admin', action: 'connections.pause', target: 'shop-wa', note: 'ana' },
      { via: 'api', actor: 'admin', action: 'status.read' },
      { via: 'console', actor: 'admin', action: 'session.login' },
    ])
      expect(entries).toContainEqual(expect.objectContaining(entry))
    expect(JSON.stringify(entries)).not.toContain(token)
    const keywords = JSON.parse(
      (await signals('audit', 'list', '--action', 'keywords', '--json')).stdout,
    ) as AuditEntry[]
    expect(new Set(keywords.map(({ action }) => action))).toEqual(new Set(['keywords.import', 'keywords.promote']))
  }, 60_000)
})
