/** Spans as OTLP/JSON, the form that every OpenTelemetry collector takes at /v1/traces. */
import type { EndedSpan, SpanKind } from './span.ts'

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const statusError = 2
const sampledFlag = 1

const nanos = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n)

const anyValue = (value: string | number | boolean) => {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
const keyValues = (attributes: Readonly<Record<string, string | number | boolean>>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))

const spanOf = ({ context, parentSpanId, name, kind, startedAt, endedAt, attributes, links, failed }: EndedSpan) => ({
  traceId: context.traceId,
  spanId: context.spanId,
  ...(parentSpanId === null ? {} : { parentSpanId }),
  flags: sampledFlag,
  name,
  kind: kinds[kind],
  startTimeUnixNano: nanos(startedAt),
  endTimeUnixNano: nanos(endedAt),
  attributes: keyValues(attributes),
  links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
  status: failed ? { code: statusError } : {},
})

/** @param resource who made them: `service.name` and the like */
export const otlpJson = (spans: readonly EndedSpan[], resource: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: keyValues(resource) },
        scopeSpans: [{ scope: { name: 'messaging-signals' }, spans: spans.map(spanOf) }],
      },
    ],
  })
