import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { eventually } from '../support/eventually.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

interface Span {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
}

interface Body {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] }
    scopeSpans: { spans: Omit<Span, 'service'>[] }[]
  }[]
}

/** Stands in for an OpenTelemetry collector: accepts OTLP over HTTP. */
const receiver = async () => {
  const spans: Span[] = []
  const bodies: string[] = []
  const server: Server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const text = Buffer.concat(parts).toString()
    if (request.url === '/v1/traces' && request.headers.authorization === 'Bearer of the test') {
      bodies.push(text)
      for (const { resource, scopeSpans } of (JSON.parse(text) as Body).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
        for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, service })))
      }
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { spans, bodies, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe('traces', () => {
  let world: World
  let collector: Awaited<ReturnType<typeof receiver>>

  beforeAll(async () => {
    collector = await receiver()
    world = await openWorld({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20of%20the%20test',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    })
    await connectTwo(world)
  }, 120_000)
  afterAll(async () => {
    await world?.stop()
    collector?.server.close()
  }, 60_000)

  const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId)

  it('lead from the webhook to the call of TikTok, through all five processes', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const request = whatsappText('5215557654321', 'wamid.traced', 'ya hice el pago', Date.now())
    await world.deliver({
      ...request,
      headers: { ...request.headers, traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    })
    await world.arrivedCount(2)
    const names = [
      'gateway receive',
      'ingest process',
      'attribution process',
      'keywords process',
      'dispatch process',
      'TikTok track',
    ]
    await eventually('every span', () => names.every((name) => spansOf(traceId).some((span) => span.name === name)))
    const spans = spansOf(traceId)
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    // Walks from the call to TikTok up through the parents.
    const path: string[] = []
    let at = spans.find(({ name }) => name === 'TikTok track')
    for (; at; at = byId.get(at.parentSpanId ?? '')) path.unshift(at.name)
    expect(path).toEqual(names)
    expect(spans.find(({ name }) => name === 'gateway receive')?.parentSpanId).toBe('b7ad6b7169203331')
    expect(new Set(spans.map(({ service }) => service))).toEqual(
      new Set(['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'].map((stage) => `signals-${stage}`)),
    )
    expect(spans.find(({ name }) => name === 'ingest batch')?.links.map((link) => link.traceId)).toContain(traceId)
  })

  it('begin at the gateway without a traceparent, and contain no personal data', async () => {
    const before = (await world.arrived()).length
    await world.deliver(whatsappText('5215551234567', 'wamid.secret', 'mi tarjeta es 4111, pago', Date.now()))
    await world.arrivedCount(before + 2)
    await eventually('a trace of its own', () => {
      const roots = collector.spans.filter(({ name, parentSpanId }) => name === 'gateway receive' && !parentSpanId)
      return roots.some(({ traceId }) => spansOf(traceId).some(({ name }) => name === 'TikTok track'))
    })
    const everything = collector.bodies.join('\n')
    for (const secret of ['5215551234567', 'wamid.secret', 'tarjeta', '4111', 'token-wa', 'pago'])
      expect(everything).not.toContain(secret)
  })
})
