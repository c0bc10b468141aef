import type { Principal } from '../../../services/control/access/authenticator.ts'
import { PageServer } from '../../../services/control/http/page-files.ts'
import type { StageInstances } from '../../../services/control/stage-probes.ts'
import { writeRun } from '../../../services/tools/replay/run/run-store.ts'
import { as, connectionBody, openLoggedIn } from '../../support/console-access.ts'
import { pageOfTest } from '../../support/console-work.ts'
import { openConsole } from '../../support/console-world.ts'

const viewerOfA: Principal = { actor: 'token:a', role: 'viewer', tenant: 'a', accounts: null }
const tokens = () => new Map([['viewer-of-a', viewerOfA]])
const asViewer = as('viewer-of-a')

describe('the overview', () => {
  it('is never all well while there is nothing to report to or with', async () => {
    const { ask, own } = await openConsole()
    own.state.lists = 0
    const levels: unknown[] = []
    const look = async () => {
      await own.overview.sample()
      const { json } = await ask('GET /admin/v1/overview')
      levels.push([json.level, (json.problems as { id: string }[]).map(({ id }) => id)])
    }
    await look()
    await ask('POST /admin/v1/connections', { body: connectionBody('of-a', 'a') })
    await look()
    own.state.lists = 1
    own.state.isPromoted = false
    await look()
    own.state.isPromoted = true
    await look()
    expect(levels).toEqual([
      ['notice', ['no-connection']],
      ['notice', ['no-list']],
      ['notice', ['not-promoted']],
      ['good', []],
    ])
  })

  it('tells refused webhooks and unexpected drops, and lets expected ones pass', async () => {
    const { ask, own } = await openConsole()
    await ask('POST /admin/v1/connections', { body: connectionBody('of-a', 'a') })
    const count = (refused: number, dropped: number, reason: string) => {
      const of = (stage: 'gateway' | 'ingest', metrics: string) =>
        own.state.instances[stage].map((one) => ({ ...one, metrics }))
      own.state.instances = {
        ...own.state.instances,
        gateway: of('gateway', `signals_deliveries_refused_total{source="zalo",code="not_stored"} ${refused}`),
        ingest: of('ingest', `signals_outcomes_total{outcome="dropped",reason="${reason}"} ${dropped}`),
      } as StageInstances
    }
    const problems = async () => {
      await own.overview.sample()
      return ((await ask('GET /admin/v1/overview')).json.problems as { id: string }[]).map(({ id }) => id)
    }
    count(0, 0, 'duplicate')
    expect(await problems()).toEqual([])
    count(0, 9, 'duplicate')
    expect(await problems()).toEqual([])
    count(3, 9, 'unverified_account')
    expect(await problems()).toEqual(['refused', 'dropped'])
  })

  it.each([
    ['signature_wrong', 'SignalsSignaturesRefused'],
    ['no_secret', 'SignalsSignaturesRefused'],
    ['not_stored', 'SignalsGatewayRefuses'],
    ['unknown_source', 'SignalsGatewayRefuses'],
  ])('names source and code of refused webhooks, and the runbook for %s', async (code, runbook) => {
    const { ask, own } = await openConsole()
    await ask('POST /admin/v1/connections', { body: connectionBody('of-a', 'a') })
    for (const count of [0, 5]) {
      const metrics = `signals_deliveries_refused_total{source="zalo",code="${code}"} ${count}`
      const gateway = own.state.instances.gateway.map((one) => ({ ...one, metrics }))
      own.state.instances = { ...own.state.instances, gateway } as StageInstances
      await own.overview.sample()
    }
    const { problems } = (await ask('GET /admin/v1/overview')).json
    const text = expect.stringContaining(`5 (zalo/${code} 5)`)
    expect(problems).toEqual([expect.objectContaining({ id: 'refused', runbook, text })])
  })

  it('says that a stage does not answer, or that it was not heard of', async () => {
    const { ask, own } = await openConsole()
    await ask('POST /admin/v1/connections', { body: connectionBody('of-a', 'a') })
    own.state.instances = {
      ...own.state.instances,
      keywords: [{ url: 'http://keywords/metrics', health: null, metrics: null }],
      dispatch: [],
    }
    const { json } = await ask('GET /admin/v1/overview')
    expect((json.problems as { id: string; severity: string }[]).map(({ id, severity }) => [id, severity])).toEqual([
      ['stage:keywords', 'page'],
      ['not-heard-of', 'notice'],
    ])
  })

  it('counts a tenant its own connections only', async () => {
    const { ask } = await openConsole({ tokens: tokens() })
    for (const body of [connectionBody('of-a', 'a'), connectionBody('of-b', 'b')])
      await ask('POST /admin/v1/connections', { body })
    expect((await ask('GET /admin/v1/overview', asViewer)).json.connections).toEqual({
      total: 1,
      byStatus: { active: 1 },
    })
    expect((await ask('GET /admin/v1/connection-search', asViewer)).json).toMatchObject({ total: 1 })
    expect((await ask('GET /admin/v1/connections/of-b/deliveries', asViewer)).status).toBe(404)
  })
})

describe('what the console reads', () => {
  it('has runbooks by their names, and no other file', async () => {
    const { ask } = await openConsole()
    expect((await ask('GET /admin/v1/runbooks/SignalsLate')).json.text).toMatch(/^# SignalsLate/)
    for (const name of ['Unknown', '..%2F..%2FREADME', '%2Fetc%2Fpasswd', 'SignalsLate.md'])
      expect((await ask(`GET /admin/v1/runbooks/${name}`)).status).toBe(404)
  })

  it('shows dead letters and replays to callers of all tenants only', async () => {
    const { ask } = await openConsole({ tokens: tokens() })
    for (const path of ['dead-letters', 'dead-letter-causes', 'replays']) {
      expect((await ask(`GET /admin/v1/${path}`)).status).toBe(200)
      expect((await ask(`GET /admin/v1/${path}`, asViewer)).status).toBe(403)
    }
    expect((await ask('GET /admin/v1/dead-letters?stage=gateway')).status).toBe(400)
  })
})

describe('replays', () => {
  it('are listed newest first; one whose process is silent is interrupted', async () => {
    const { ask, own, clock } = await openConsole()
    const run = (id: string, createdAt: number) => ({
      ...{ run: id, status: 'running', owner: 'o', createdAt, updatedAt: createdAt, stretches: [], counts: { new: 3 } },
      ...{ request: '{"entry":"messages.v1"}', laneFrom: {}, deliveriesFrom: {} },
    })
    const producer = await own.broker.producer()
    for (const one of [run('earlier', clock.now() - 60_000), run('later', clock.now())])
      await writeRun(producer, own.codec, one as never)
    expect((await ask('GET /admin/v1/replays')).json).toMatchObject([
      { id: 'later', state: 'running', request: { entry: 'messages.v1' }, counts: { new: 3 } },
      { id: 'earlier', state: 'interrupted' },
    ])
  })
})

describe('the web application', () => {
  it.each(['/', '/connections', '/connections/any%2Fone?page=2', '/dead-letters', '/audit'])(
    'is the answer to %s for a person who is logged in',
    async (path) => {
      const { ask, cookie } = await openLoggedIn()
      const answer = await ask(`GET ${path}`, { headers: { cookie } })
      expect([answer.status, answer.text]).toEqual([200, pageOfTest['index.html']])
      expect(answer.headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/)
      expect((await ask(`GET ${path}`, { headers: {} })).headers.location).toBe('/login')
    },
  )

  it('has its files below /assets/, and nothing else', async () => {
    const { ask, cookie } = await openLoggedIn()
    const script = await ask('GET /assets/console.1.js', { headers: { cookie } })
    expect([script.status, script.text]).toEqual([200, pageOfTest['console.1.js']])
    expect(script.headers['cache-control']).toContain('immutable')
    for (const path of [
      '/assets/console.2.js',
      '/assets/index.html',
      '/assets/constructor',
      '/assets/..%2Fx.js',
      '/x.js',
    ])
      expect((await ask(`GET ${path}`, { headers: { cookie } })).status).toBe(404)
    expect((await ask('GET /assets/console.1.js', { headers: {} })).status).toBe(401)
  })

  it('says so where it is not built, and tries again', async () => {
    let works = false
    const server = new PageServer(async () => {
      if (!works) throw new Error('esbuild is missing')
      return pageOfTest
    })
    await expect(server.document()).rejects.toMatchObject({ status: 503, code: 'no_page' })
    works = true
    expect((await server.document()).status).toBe(200)
  })
})
