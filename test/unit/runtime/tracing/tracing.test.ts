import { EventEmitter } from 'node:events'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { CallTraces } from '../../../../services/dispatch/delivery/call-trace.ts'
import { traceRequest } from '../../../../services/gateway/http/request-trace.ts'
import { createLoop } from '../../../../services/runtime/batch/loop.ts'
import { deadLetter, defer, forward, type Outcome } from '../../../../services/runtime/batch/outcome.ts'
import { ConfigError, loadConfig } from '../../../../services/runtime/config.ts'
import { Health } from '../../../../services/runtime/health/health.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { Metrics } from '../../../../services/runtime/metrics/metrics.ts'
import type { ProducerRecord } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { tracesUrl, tracingFields } from '../../../../services/runtime/tracing/config.ts'
import { samplerOf } from '../../../../services/runtime/tracing/sampler.ts'
import { Tracer } from '../../../../services/runtime/tracing/tracer.ts'
import { consumedRecord, noon, recordBatch, signal, testEnvelopes, testKeyring } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`
const unsampled = traceparent.replace(/01$/, '00')

/** A tracer that keeps ended spans in memory. */
const memoryTracer = (sampler = samplerOf('parentbased_always_on', 1)) => {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  return { tracer: new Tracer(provider), spans: () => exporter.getFinishedSpans() }
}

describe('a traceparent', () => {
  const { tracer } = memoryTracer()

  it('is read and written in the W3C format', () => {
    const parent = tracer.read(traceparent)
    expect(parent).toMatchObject({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 })
    const span = tracer.start({ name: 'n', kind: 'server', parent })
    expect(tracer.write(span)).toBe(`00-${traceId}-${span.context.spanId}-01`)
    expect(tracer.readSampled(traceparent)).toEqual(parent)
    expect(tracer.readSampled(unsampled)).toBeNull()
    const dark = tracer.start({ name: 'n', kind: 'server', parent: tracer.read(unsampled) })
    expect([dark.isSampled, tracer.write(dark).slice(-2)]).toEqual([false, '00'])
  })

  it.each([
    undefined,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `${traceparent}-more`,
  ])('%s is none', (text) => expect(tracer.read(text)).toBeNull())
})

describe('a sampler', () => {
  const keeps = (sampler: ReturnType<typeof samplerOf>, id: string, parent: string | null) => {
    const context = parent && memoryTracer().tracer.read(parent)
    const from = context ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT
    return sampler.shouldSample(from, id, 'n', SpanKind.SERVER, {}, []).decision === SamplingDecision.RECORD_AND_SAMPLED
  }

  it('follows the decision of the first span', () => {
    expect(keeps(samplerOf('parentbased_always_on', 1), traceId, unsampled)).toBe(false)
    expect(keeps(samplerOf('parentbased_always_off', 1), traceId, traceparent)).toBe(true)
    expect(keeps(samplerOf('parentbased_always_off', 1), traceId, null)).toBe(false)
    expect(keeps(samplerOf('always_on', 1), traceId, unsampled)).toBe(true)
    expect(keeps(samplerOf('always_off', 1), traceId, traceparent)).toBe(false)
    expect(keeps(samplerOf('parentbased_traceidratio', 0), traceId, null)).toBe(false)
    expect(keeps(samplerOf('traceidratio', 1), traceId, unsampled)).toBe(true)
  })
})

describe('the variables', () => {
  const config = (env: Record<string, string>) => loadConfig(tracingFields, env)

  it('turn tracing on if an endpoint is set', () => {
    expect(tracesUrl(config({}))).toBeNull()
    expect(tracesUrl(config({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }))).toBe(
      'http://collector:4318/v1/traces',
    )
    expect(tracesUrl(config({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/own' }))).toBe('http://c/own')
    expect(tracesUrl(config({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' }))).toBeNull()
  })

  it('are rejected by name when invalid', () => {
    expect(() => config({ OTEL_TRACES_SAMPLER: 'sometimes' })).toThrow(ConfigError)
    expect(() => config({ OTEL_EXPORTER_OTLP_HEADERS: 'nonsense' })).toThrow(/OTEL_EXPORTER_OTLP_HEADERS/)
    expect(config({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c, d=e' }).OTEL_EXPORTER_OTLP_HEADERS).toEqual({
      a: 'b c',
      d: 'e',
    })
  })
})

describe('a stage that is traced', () => {
  const world = async (outcome: Outcome) => {
    const { tracer, spans } = memoryTracer()
    const sent: ProducerRecord[] = []
    const keyring = await testKeyring()
    const codec = await Codec.open(new MemoryRegistry(), Date, ['deliveries', 'signals'], ['signals.dispatch.dead.v1'])
    const loop = createLoop(
      {
        name: 'dispatch',
        decode: String,
        load: async () => undefined,
        decide: (batch) => ({ outcomes: batch.map(() => outcome), changes: [] }),
        save: async () => {},
      },
      {
        producer: { send: async (records) => void sent.push(...records), close: async () => {} },
        ...{ codec, keyring, tracer, envelopes: testEnvelopes(keyring) },
        clock: new FakeClock(noon, { skipSleeps: true }),
        metrics: new Metrics('test'),
        log: createLog('test', 'fatal'),
        health: new Health({ now: () => noon }),
      },
    )
    const run = (...headers: Record<string, string>[]) =>
      loop(
        recordBatch(
          headers.map((own, n) =>
            consumedRecord({ topic: 'signals.v1', offset: BigInt(n), key: 'k', value: Buffer.from('x'), headers: own }),
          ),
        ),
      )
    return { run, spans, sent }
  }
  const next = forward({ topic: 'signals', key: 'c', value: signal() })

  it.each([
    ['forwarded', next],
    ['deferred', defer('10s', 'later')],
    ['a dead letter', deadLetter('bytes_invalid', 'no')],
  ])('passes on its own span with a record that is %s', async (_name, outcome) => {
    const { run, spans, sent } = await world(outcome)
    await run({ traceparent })
    const own = spans().find(({ name }) => name === 'dispatch process')
    expect(own).toMatchObject({
      kind: SpanKind.CONSUMER,
      parentSpanContext: { traceId, spanId: 'b7ad6b7169203331' },
      status: { code: SpanStatusCode.UNSET },
    })
    expect(sent[0]?.headers?.traceparent).toBe(`00-${traceId}-${own?.spanContext().spanId}-01`)
  })

  it('has a span for the batch, linked to each traced record', async () => {
    const other = traceparent.replace(traceId, traceId.replace('0a', '0b'))
    const { run, spans } = await world(next)
    await run({ traceparent }, {}, { traceparent: other })
    const batch = spans().find(({ name }) => name === 'dispatch batch')
    expect(batch?.links).toHaveLength(2)
    expect(batch?.attributes).toMatchObject({
      'messaging.batch.message_count': 3,
      'messaging.destination.name': 'signals.v1',
    })
    expect(spans()).toHaveLength(3)
  })

  it('creates no span for unsampled records, and passes on their headers', async () => {
    const { run, spans, sent } = await world(next)
    await run({}, { traceparent: unsampled })
    expect(spans()).toEqual([])
    expect(sent.map(({ headers }) => headers?.traceparent)).toEqual([undefined, unsampled])
  })
})

describe('the gateway and dispatch', () => {
  it('replace the traceparent of a request by that of its span', async () => {
    const { tracer, spans } = memoryTracer()
    const receive = (headers: Record<string, string>) => {
      const request = { method: 'POST', headers: { ...headers } }
      const response = Object.assign(new EventEmitter(), { statusCode: 503 })
      traceRequest(tracer, request as never, response as never, () => 'whatsapp')
      response.emit('close')
      return request.headers as { traceparent?: string }
    }
    const handedOn = receive({ traceparent }).traceparent
    const [span] = spans()
    expect(handedOn).toBe(`00-${traceId}-${span?.spanContext().spanId}-01`)
    expect(span).toMatchObject({
      ...{ name: 'gateway receive', kind: SpanKind.SERVER, status: { code: SpanStatusCode.ERROR } },
      parentSpanContext: { spanId: 'b7ad6b7169203331' },
      attributes: { 'http.response.status_code': 503, 'signals.source': 'whatsapp' },
    })
    expect(receive({ traceparent: unsampled }).traceparent).toBe(unsampled)
    expect(receive({}).traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(spans()).toHaveLength(2)
  })

  it('make the call a child of its first traced signal, linked to the others', async () => {
    const { tracer, spans } = memoryTracer()
    const traces = new CallTraces(tracer)
    const signals = [signal(), signal(), signal()]
    const record = consumedRecord({ topic: 'signals.v1', key: 'k', value: null })
    const other = traceparent.replace(traceId, traceId.replace('0a', '0b'))
    const batch = signals.map((value, n) => ({
      ...{ value, record, attempt: 0 },
      traceparent: [undefined, traceparent, other][n],
    }))
    await traces
      .around({
        ...{ name: 'dispatch', decode: () => signal(), load: async () => undefined },
        ...{ decide: () => ({ outcomes: [], changes: [] }), save: async () => {} },
      })
      .load(batch, noon)
    await traces.call(signals, async () => ({ kind: 'answered', status: 200, body: '{}' }))
    await traces.call([signal()], async () => ({ kind: 'answered', status: 200, body: '{}' }))
    expect(spans()).toHaveLength(1)
    expect(spans()[0]).toMatchObject({
      ...{ name: 'TikTok track', kind: SpanKind.CLIENT, parentSpanContext: { traceId } },
      links: [{ context: { traceId: traceId.replace('0a', '0b') } }],
      attributes: { 'signals.events': 3, 'http.response.status_code': 200 },
    })
  })
})
