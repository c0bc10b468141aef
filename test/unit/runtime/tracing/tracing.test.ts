import { Codec } from '../../../../services/runtime/codec.ts'
import { ConfigError, loadConfig } from '../../../../services/runtime/config.ts'
import { Health } from '../../../../services/runtime/health.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { createLoop } from '../../../../services/runtime/loop.ts'
import { Metrics } from '../../../../services/runtime/metrics.ts'
import { deadLetter, defer, forward, type Outcome } from '../../../../services/runtime/outcome.ts'
import type { ProducerRecord } from '../../../../services/runtime/ports.ts'
import { tracesUrl, tracingFields } from '../../../../services/runtime/tracing/config.ts'
import { ExportQueue } from '../../../../services/runtime/tracing/export-queue.ts'
import { otlpJson } from '../../../../services/runtime/tracing/otlp.ts'
import { samplerOf } from '../../../../services/runtime/tracing/sampler.ts'
import type { EndedSpan } from '../../../../services/runtime/tracing/span.ts'
import { formatTraceparent, newTraceId, parseTraceparent } from '../../../../services/runtime/tracing/trace-context.ts'
import { Tracer } from '../../../../services/runtime/tracing/tracer.ts'
import { consumedRecord, noon, recordBatch, signal, testKeyring } from '../../../support/builders.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

describe('a traceparent', () => {
  it('is read and written as W3C has it', () => {
    const context = parseTraceparent(traceparent)
    expect(context).toEqual({ traceId, spanId: 'b7ad6b7169203331', sampled: true })
    expect(context && formatTraceparent(context)).toBe(traceparent)
    expect(parseTraceparent(traceparent.replace(/01$/, '00'))?.sampled).toBe(false)
  })

  it.each([
    undefined,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `${traceparent}-more`,
  ])('%s is none', (text) => expect(parseTraceparent(text)).toBeNull())
})

describe('a sampler', () => {
  const parent = (sampled: boolean) => ({ traceId, spanId: 'b7ad6b7169203331', sampled })

  it('goes by whoever began the trace', () => {
    expect(samplerOf('parentbased_always_on', 1)(traceId, parent(false))).toBe(false)
    expect(samplerOf('parentbased_always_off', 1)(traceId, parent(true))).toBe(true)
    expect(samplerOf('parentbased_always_off', 1)(traceId, null)).toBe(false)
    expect(samplerOf('always_on', 1)(traceId, parent(false))).toBe(true)
  })

  it('keeps about the share that is asked for, and the same traces everywhere', () => {
    const ids = Array.from({ length: 2_000 }, newTraceId)
    const tenth = samplerOf('traceidratio', 0.1)
    const kept = ids.filter((id) => tenth(id, null))
    expect(kept.length).toBeGreaterThan(100)
    expect(kept.length).toBeLessThan(320)
    const fifth = samplerOf('parentbased_traceidratio', 0.2)
    expect(kept.every((id) => fifth(id, null))).toBe(true)
  })
})

describe('the variables', () => {
  const config = (env: Record<string, string>) => loadConfig(tracingFields, env)

  it('turn tracing on by an endpoint', () => {
    expect(tracesUrl(config({}))).toBeNull()
    expect(tracesUrl(config({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }))).toBe(
      'http://collector:4318/v1/traces',
    )
    expect(tracesUrl(config({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/own' }))).toBe('http://c/own')
    expect(tracesUrl(config({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' }))).toBeNull()
  })

  it('are refused by name where they are wrong', () => {
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
    const spans: EndedSpan[] = []
    const sent: ProducerRecord[] = []
    const keyring = await testKeyring()
    const codec = await Codec.open(new MemoryRegistry(), Date, ['deliveries', 'signals'], ['signals.dispatch.dead.v1'])
    const tracer = new Tracer(samplerOf('parentbased_always_on', 1), {
      add: (span) => spans.push(span),
      close: async () => {},
    })
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
        ...{ codec, keyring, tracer },
        clock: { now: () => noon, sleep: async () => {} },
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
  ])('hands on its own span with what is %s', async (_name, outcome) => {
    const { run, spans, sent } = await world(outcome)
    await run({ traceparent })
    const own = spans.find(({ name }) => name === 'dispatch process')
    expect(own).toMatchObject({
      kind: 'consumer',
      parentSpanId: 'b7ad6b7169203331',
      failed: false,
      context: { traceId },
    })
    expect(sent[0]?.headers?.traceparent).toBe(own && formatTraceparent(own.context))
  })

  it('has a span for the batch, linked to each traced record', async () => {
    const other = traceparent.replace(traceId, traceId.replace('0a', '0b'))
    const { run, spans } = await world(next)
    await run({ traceparent }, {}, { traceparent: other })
    const batch = spans.find(({ name }) => name === 'dispatch batch')
    expect(batch?.links).toHaveLength(2)
    expect(batch?.attributes).toMatchObject({
      'messaging.batch.message_count': 3,
      'messaging.destination.name': 'signals.v1',
    })
    expect(spans).toHaveLength(3)
  })

  it('makes nothing of records that nobody samples, and hands on what they came with', async () => {
    const unsampled = traceparent.replace(/01$/, '00')
    const { run, spans, sent } = await world(next)
    await run({}, { traceparent: unsampled })
    expect(spans).toEqual([])
    expect(sent.map(({ headers }) => headers?.traceparent)).toEqual([undefined, unsampled])
  })
})

describe('the export', () => {
  const span: EndedSpan = {
    context: { traceId, spanId: 'b7ad6b7169203331', sampled: true },
    parentSpanId: null,
    name: 'n',
    kind: 'server',
    startedAt: 1_700_000_000_000.5,
    endedAt: 1_700_000_000_001,
    attributes: { text: 'a', count: 3, share: 0.5, yes: true },
    links: [],
    failed: true,
  }

  it('is OTLP in JSON', () => {
    expect(JSON.parse(otlpJson([span], { 'service.name': 's' }))).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 's' } }] },
          scopeSpans: [
            {
              scope: { name: 'messaging-signals' },
              spans: [
                {
                  traceId,
                  spanId: 'b7ad6b7169203331',
                  flags: 1,
                  name: 'n',
                  kind: 2,
                  startTimeUnixNano: '1700000000000500000',
                  endTimeUnixNano: '1700000000001000000',
                  attributes: [
                    { key: 'text', value: { stringValue: 'a' } },
                    { key: 'count', value: { intValue: '3' } },
                    { key: 'share', value: { doubleValue: 0.5 } },
                    { key: 'yes', value: { boolValue: true } },
                  ],
                  links: [],
                  status: { code: 2 },
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('sends what waits at the end, and counts what a collector does not take', async () => {
    let lost = 0
    const bodies: string[] = []
    const queue = new ExportQueue({
      http: {
        post: async ({ body }) => {
          bodies.push(body)
          return bodies.length === 1
            ? { kind: 'answered', status: 503, body: '' }
            : { kind: 'answered', status: 200, body: '{}' }
        },
        close: () => {},
      },
      headers: {},
      resource: {},
      everyMs: 60_000,
      onLost: (count) => {
        lost += count
      },
    })
    for (let n = 0; n < 600; n++) queue.add(span)
    await queue.close()
    expect(bodies).toHaveLength(2)
    expect(lost).toBe(512)
  })
})
