import {
  haravanOrder,
  haravanSecret,
  haravanShop,
  tiktokReferral,
  tiktokText,
  whatsappText,
} from '../../services/local/demo/webhooks.ts'
import { channelAccounts, channelMessages, channelSecrets } from '../support/channel-requests.ts'
import { blip, qiscus } from '../support/partner-bodies.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

/** Five real processes and a simulated TikTok, tested by the events that an advertiser sees. */
describe('the pipeline', () => {
  let world: World
  let n = 0
  const advertiser = { advertiserId: '701', eventSetId: '901', accessToken: 'token-wa' }
  const person = () => `52155500${String(++n).padStart(5, '0')}`
  const now = () => Date.now()

  beforeAll(async () => {
    world = await openWorld({
      // Long enough for a late referral, short enough for the test of a conversation without one.
      ATTRIBUTION_WAIT: '3s',
      HARAVAN_WEBHOOK_SECRET: haravanSecret,
      QISCUS_WEBHOOK_SECRET: 'qiscus key',
      BLIP_WEBHOOK_SECRET: 'blip key',
      ...channelSecrets,
    })
    await connectTwo(world)
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  /**
   * Sends the requests and returns the events that TikTok receives for them. A proof message follows that must arrive. Messages of
   * another account take another partition and may be later. So it waits for the expected count, then for 700 ms without events.
   */
  const newEvents = async (expected: number, ...requests: Parameters<World['deliver']>) => {
    const before = (await world.arrived()).length
    await world.deliver(...requests)
    const proof = Math.floor((now() - 60_000) / 1000)
    await world.deliver(whatsappText(person(), `wamid.proof${n}`, 'proof', proof * 1000))
    let events = (await world.arrivedCount(before + expected + 1)).slice(before)
    for (let quietSince = now(); now() - quietSince < 700; ) {
      const next = (await world.arrived()).slice(before)
      if (next.length !== events.length) quietSince = now()
      events = next
    }
    expect(events.filter(({ event_time }) => event_time === proof)).toHaveLength(1)
    return events.filter(({ event_time }) => event_time !== proof)
  }

  it('sends a conversation and a keyword to TikTok, and nothing else', async () => {
    const at = now()
    const events = await newEvents(2, whatsappText(person(), 'wamid.first', 'hola, ya hice el PAGO', at))
    expect(events).toEqual([
      {
        event: 'Conversation',
        event_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        event_time: Math.floor(at / 1000),
        user: {},
        properties: {},
      },
      {
        event: 'Keyword',
        event_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        event_time: Math.floor(at / 1000),
        user: {},
        properties: { payment: true },
      },
    ])
  })

  it('credits a conversation to the ad that drove it', async () => {
    const at = now()
    const events = await newEvents(
      2,
      tiktokReferral('conv+a==', '1780000000000000001', at - 5_000),
      tiktokText('conv+a==', 'm1', 'vengo por el anuncio', at - 4_000),
      tiktokText('conv+a==', 'm2', '¿cuánto cuesta el envío?', at - 3_000),
    )
    expect(events.map(({ event, user, properties }) => [event, user.ttclid, properties])).toEqual([
      ['Conversation', '1780000000000000001', {}],
      ['Keyword', '1780000000000000001', { shipping: true }],
    ])
  })

  it('credits it also when the referral arrives after the message', async () => {
    const at = now()
    await world.deliver(tiktokText('conv-late', 'l1', 'hola', at - 1_000), tiktokText('conv-late', 'l2', 'pago', at))
    const events = await newEvents(2, tiktokReferral('conv-late', '1780000000000000002', at - 2_000))
    expect(events.map(({ event, user }) => [event, user.ttclid])).toEqual([
      ['Conversation', '1780000000000000002'],
      ['Keyword', '1780000000000000002'],
    ])
  })

  it('sends a conversation without an ad after the wait for its referral', async () => {
    const events = await newEvents(1, tiktokText('conv-none', 'n1', 'hola', now()))
    expect(events.map(({ event, user }) => [event, user.ttclid])).toEqual([['Conversation', undefined]])
    const later = now()
    await newEvents(
      1,
      tiktokReferral('conv-none', '178', later),
      tiktokText('conv-none', 'n2', 'pago', later + 1_000),
    ).then((events) => expect(events.map(({ event, user }) => [event, user.ttclid])).toEqual([['Keyword', '178']]))
  })

  it('sends an order once, however often the shop does, and only with reportOrders', async () => {
    const at = now()
    const order = (updated: number) => haravanOrder(9_001, at, at + updated, '/products/a?ttclid=E.C.P.order')
    const connect = (reportOrders: boolean) =>
      world.pipeline.signals(
        'connections',
        'add',
        '--file',
        world.file(
          'shop-orders.json',
          JSON.stringify({
            connectionId: 'shop-orders',
            tenantId: 'shop',
            source: 'haravan',
            accountId: haravanShop,
            advertiserId: '703',
            eventSetId: '903',
            accessToken: 'token-orders',
            reportOrders,
          }),
        ),
      )
    await connect(false)
    expect(await newEvents(0, haravanOrder(9_000, at, at, '/'))).toEqual([])
    await connect(true)
    const events = await newEvents(1, order(0), order(0), order(1_000), order(2_000))
    expect(events).toEqual([
      {
        event: 'Order',
        event_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        event_time: Math.floor(at / 1000),
        user: { ttclid: 'E.C.P.order' },
        properties: { order: true },
      },
    ])
  })

  it('counts a repeated webhook delivery once', async () => {
    const request = whatsappText(person(), 'wamid.thrice', 'pago', now())
    expect(await newEvents(2, request, request, request)).toHaveLength(2)
  })

  it('accepts every channel with its own kind of signature, and none without', async () => {
    for (const [source, accountId] of channelAccounts) {
      const connection = { source, accountId, connectionId: `shop-${source}`, tenantId: 'shop', ...advertiser }
      const file = world.file(`${source}.json`, JSON.stringify(connection))
      expect((await world.pipeline.signals('connections', 'add', '--file', file)).code).toBe(0)
    }
    const requests = channelMessages('ya hice el pago', now())
    for (const { path, body } of requests) {
      const unsigned = { path, headers: { 'content-type': 'application/json' }, body }
      expect((await world.post(unsigned)).status).toBe(401)
    }
    const events = await newEvents(2 * requests.length, ...requests)
    expect(events.filter(({ event }) => event === 'Keyword')).toHaveLength(requests.length)
    expect(events).toHaveLength(2 * requests.length)
    // Five connections by five processes.
  }, 180_000)

  it('counts a message once that reaches its tenant by WhatsApp, Qiscus, and a router and a bot of Blip', async () => {
    for (const [source, accountId] of [
      ['qiscus', 'app-1'],
      ['blip', 'router@msging.net'],
      ['blip', 'sub@msging.net'],
    ] as const) {
      const connectionId = `shop-${accountId.split('@')[0]}`
      const connection = { source, accountId, connectionId, tenantId: 'shop', ...advertiser }
      const file = world.file(`${connectionId}.json`, JSON.stringify(connection))
      expect((await world.pipeline.signals('connections', 'add', '--file', file)).code).toBe(0)
    }
    const at = Math.floor(now() / 1000)
    const posted = (path: string, body: object) => ({
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const content = { content: 'ya hice el pago' }
    const router = { id: 'wamid.feeds', to: 'router@msging.net' }
    const bot = { id: 'fwd:wamid.feeds', from: 'aa@tunnel.msging.net', to: 'sub@msging.net' }
    const events = await newEvents(
      2,
      whatsappText(person(), 'wamid.feeds', 'ya hice el pago', at * 1000),
      posted(
        '/webhooks/qiscus?key=qiscus+key',
        qiscus({ unique_temp_id: 'wa_wamid.feeds', text: 'ya hice el pago', unix_timestamp: at + 90 }),
      ),
      ...[router, bot].map((fields) =>
        posted('/webhooks/blip?key=blip+key', blip({ ...content, ...fields }, { '#wa.timestamp': String(at + 1) })),
      ),
    )
    expect(events.map(({ event }) => event).sort()).toEqual(['Conversation', 'Keyword'])
  }, 120_000)

  it.each([
    ['of an account without a connection', () => whatsappText(person(), `wamid.x${n}`, 'pago', now(), '999')],
    ['with the keyword inside a longer word', () => whatsappText('5215550000001', `wamid.y${n}`, 'la pagoda', now())],
  ])('says nothing of a message %s beyond its conversation', async (_name, request) => {
    const events = await newEvents(0, request())
    expect(events.filter(({ event }) => event === 'Keyword')).toEqual([])
  })

  it('refuses an unsigned request, and stores nothing of it', async () => {
    const { path, body } = whatsappText(person(), 'wamid.unsigned', 'pago', now())
    const headers = { 'content-type': 'application/json' }
    expect((await world.post({ path, headers, body })).status).toBe(401)
    const wrong = { ...headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
    expect((await world.post({ path, headers: wrong, body })).status).toBe(401)
    expect(await newEvents(0)).toEqual([])
  })

  it.each([
    ['an unknown source', '/webhooks/unknown', 'application/json', 404],
    ['another content type', '/webhooks/whatsapp', 'text/plain', 415],
    ['no token', '/v1/message-events', 'application/json', 401],
  ])('answers %s with its status and a remedy', async (_name, path, contentType, status) => {
    const response = await world.post({ path, headers: { 'content-type': contentType }, body: '{}' })
    expect(response.status).toBe(status)
    expect(((await response.json()) as { error: { message: string } }).error.message.length).toBeGreaterThan(10)
  })

  it('refuses a body over the limit', async () => {
    const response = await world.post({
      path: '/webhooks/whatsapp',
      // Without a well-formed signature it is refused before its body counts.
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
      body: 'x'.repeat(1_100_000),
    })
    expect(response.status).toBe(413)
  })

  it('answers the subscription handshake', async () => {
    const query = (token: string) =>
      `hub.mode=subscribe&hub.verify_token=${encodeURIComponent(token)}&hub.challenge=4711`
    const { gateway } = world.pipeline.ready
    expect(await (await fetch(`${gateway}/webhooks/whatsapp?${query('verify me')}`)).text()).toBe('4711')
    expect((await fetch(`${gateway}/webhooks/whatsapp?${query('wrong')}`)).status).toBe(403)
  })

  it('holds a paused connection’s signals and sends them when it is resumed', async () => {
    await world.pipeline.signals('connections', 'pause', 'shop-tt')
    expect(await newEvents(0, tiktokText('conv-paused', 'p1', 'pago', now()))).toEqual([])
    const before = (await world.arrived()).length
    await world.pipeline.signals('connections', 'resume', 'shop-tt')
    const events = (await world.arrivedCount(before + 2)).slice(before)
    expect(events.map(({ event }) => event).sort()).toEqual(['Conversation', 'Keyword'])
  })

  it('sends nothing more for a disconnected connection', async () => {
    await world.pipeline.signals('connections', 'disconnect', 'shop-tt', '--yes')
    expect(await newEvents(0, tiktokText('conv-gone', 'g1', 'pago', now()))).toEqual([])
    const { stdout } = await world.pipeline.signals('connections', 'show', 'shop-tt', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ status: 'disconnected', hasAccessToken: false, hasDataKey: false })
  })
})
