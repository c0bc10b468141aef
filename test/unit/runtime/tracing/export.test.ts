import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { Metrics } from '../../../../services/runtime/metrics/metrics.ts'
import { openTracing } from '../../../../services/runtime/process/tracing.ts'
import { exportingProcessor } from '../../../../services/runtime/tracing/exporter.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

describe('the export', () => {
  it('is OTLP in JSON, as the variables configure', async () => {
    const bodies: string[] = []
    const collector = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      if (request.url === '/v1/traces' && request.headers.authorization === 'secret')
        bodies.push(Buffer.concat(parts).toString())
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
    const tracer = await openTracing('ingest', new Metrics('test'), {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    })
    tracer
      ?.start({ name: 'n', kind: 'server', parent: tracer.read(traceparent), attributes: { text: 'a', count: 3 } })
      .end({ yes: true }, true)
    await tracer?.close()
    collector.close()
    const [sent] = JSON.parse(bodies.join()).resourceSpans
    expect(sent.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: { stringValue: 'signals-ingest' } },
        { key: 'deployment.environment.name', value: { stringValue: 'test' } },
      ]),
    )
    expect(sent.scopeSpans[0].spans[0]).toMatchObject({
      ...{ traceId, parentSpanId: 'b7ad6b7169203331', name: 'n', kind: 2, status: { code: 2 } },
      attributes: [
        { key: 'text', value: { stringValue: 'a' } },
        { key: 'count', value: { intValue: 3 } },
        { key: 'yes', value: { boolValue: true } },
      ],
    })
  })

  it('exports the queue at shutdown, and counts spans that the collector rejects', async () => {
    let lost = 0
    const calls: number[] = []
    const processor = exportingProcessor(
      {
        export: (spans, done) => done({ code: calls.push(spans.length) === 1 ? 1 : 0 }),
        shutdown: async () => {},
      },
      {
        everyMs: 60_000,
        onLost: (count) => {
          lost += count
        },
      },
    )
    const span = { spanContext: () => ({ traceFlags: 1 }), resource: {} } as unknown as ReadableSpan
    for (let n = 0; n < 600; n++) processor.onEnd(span)
    await processor.shutdown().catch(() => undefined)
    expect(calls).toEqual([512, 88])
    expect(lost).toBe(512)
  })

  it('drops and counts spans while the collector is slow and the queue is full', async () => {
    let lost = 0
    const onLost = (count: number) => {
      lost += count
    }
    let isSlow = true
    let answer: () => void = () => {}
    const slow: SpanExporter = {
      export: (_spans, done) => {
        answer = () => done({ code: 0 })
        if (!isSlow) answer()
      },
      shutdown: async () => {},
    }
    const processor = exportingProcessor(slow, { everyMs: 60_000, onLost })
    const span = { spanContext: () => ({ traceFlags: 1 }), resource: {} } as unknown as ReadableSpan
    // 512 spans are in a running call, 8,192 in the queue.
    for (let n = 0; n < 512 + 8_192 + 3; n++) processor.onEnd(span)
    expect(lost).toBe(3)
    isSlow = false
    answer()
    await processor.shutdown()
  })

  it('loads no SDK of OpenTelemetry unless an endpoint is set', () => {
    const script = `
      const { registerHooks } = await import('node:module')
      const loaded = []
      registerHooks({ resolve: (name, context, next) => (name.startsWith('@opentelemetry/sdk') && loaded.push(name), next(name, context)) })
      const { openTracing } = await import('./services/runtime/process/tracing.ts')
      const open = async (env) => [await openTracing('test', { count: () => {} }, env) !== null, loaded.length > 0]
      console.log(JSON.stringify([await open({}), await open({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })]))
      process.exit()`
    // In a separate process, because this one has loaded the library.
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: join(import.meta.dirname, '../../../..'),
      encoding: 'utf8',
    })
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: '[[false,false],[true,true]]', stderr: '' })
  })
})
