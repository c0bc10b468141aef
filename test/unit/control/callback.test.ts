import { cookieIn, sameOrigin } from '../../support/console-access.ts'
import { openConsole } from '../../support/console-world.ts'

const draft = { connectionId: 'acme', tenantId: 'Acme <Ltd>', source: 'whatsapp', accountId: '55', eventSetId: '900' }

const begun = async () => {
  const world = await openConsole()
  const { json } = await world.ask('POST /admin/v1/authorisations', { body: { connection: draft } })
  const { pathname, search } = new URL(json.url as string)
  return { ...world, id: json.id as string, address: `${pathname}${search}` }
}

describe('the public listener', () => {
  it('shows what will be connected before TikTok does, and binds the answer to the browser that went on', async () => {
    const { ask, askPublic, address, id, directory, tiktok } = await begun()
    const page = await askPublic(`GET ${address}`)
    expect(page.status).toBe(200)
    expect(page.text).toContain('Acme &#60;Ltd&#62; asks to report events to your TikTok advertiser account')
    expect(page.headers['content-security-policy']).toContain("form-action 'self' http://localhost")
    expect(page.headers['set-cookie']).toBeUndefined()

    const went = await askPublic(`POST ${address}`, { headers: sameOrigin })
    expect(went.status).toBe(303)
    expect(went.headers['set-cookie']).toMatch(
      /^signals_oauth=[\w-]{43}; Path=\/admin\/v1\/oauth\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    )
    const at = new URL(went.headers.location as string)
    expect(at.pathname).toBe('/portal/auth')
    const callback = (headers: Record<string, string>) =>
      askPublic(
        `GET /admin/v1/oauth/callback?${new URLSearchParams({
          state: at.searchParams.get('state') as string,
          auth_code: tiktok.grant('advertiser', ['7224195155857866754'], ['700'], 'biz'),
        })}`,
        { headers },
      )
    for (const headers of [{}, { cookie: 'signals_oauth=forged' }, { cookie: `signals_oauth=${'x'.repeat(43)}` }])
      expect(await callback(headers as Record<string, string>)).toMatchObject({
        status: 400,
        text: expect.stringContaining('another browser'),
      })
    expect(directory.all()).toEqual([])
    const cookie = cookieIn(went)
    expect(await callback({ cookie })).toMatchObject({ status: 200, text: expect.stringContaining('acme is active') })
    expect(await callback({ cookie })).toMatchObject({ status: 400 })
    expect((await ask(`GET /admin/v1/authorisations/${id}`)).json).toEqual({ status: 'done', connectionId: 'acme' })
  })

  it('lets only one browser go on', async () => {
    const { askPublic, address } = await begun()
    const first = await askPublic(`POST ${address}`, { headers: sameOrigin })
    const again = await askPublic(`POST ${address}`, { headers: { ...sameOrigin, cookie: cookieIn(first) } })
    expect(again.status).toBe(303)
    expect(cookieIn(again)).toBe(cookieIn(first))
    expect(await askPublic(`POST ${address}`, { headers: sameOrigin })).toMatchObject({
      status: 400,
      text: expect.stringContaining('another browser'),
    })
  })

  it('lets no other site go on in a person’s name', async () => {
    const { askPublic, address } = await begun()
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }, { origin: 'null' }])
      expect((await askPublic(`POST ${address}`, { headers: headers as Record<string, string> })).status).toBe(403)
    expect((await askPublic(`POST ${address}`, { headers: { origin: 'http://localhost' } })).status).toBe(303)
  })

  it.each([
    'GET /',
    'GET /api/status',
    'GET /metrics',
    'GET /healthz',
    'GET /login',
    'GET /admin/v1/connections',
    'GET //',
  ])('answers 404 to %s, with any token', async (what) => {
    const { askPublic, bearer } = await openConsole()
    expect((await askPublic(what, { headers: bearer })).status).toBe(404)
  })

  it.each([
    'GET /admin/v1/oauth/callback',
    'GET /admin/v1/oauth/callback?state=x',
    'GET /admin/v1/oauth/begin?state=x',
    'POST /admin/v1/oauth/begin',
  ])('answers 400 to %s', async (what) => expect((await (await openConsole()).askPublic(what)).status).toBe(400))
})
