/** Exports spans in batches over OTLP/HTTP. An unavailable or slow collector loses spans, but never delays a message. */
import { ExportResultCode } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { TracingConfig } from './config.ts'
import { samplerOf } from './sampler.ts'
import { Tracer } from './tracer.ts'

const maxQueued = 8_192
const timeoutMs = 5_000

/**
 * Wraps the library's queue, which does not report dropped spans. So this passes on no more spans than the queue can hold.
 * @param onLost called with the number of spans lost to a full queue or a failed export
 */
export const exportingProcessor = (
  exporter: SpanExporter,
  { everyMs, onLost }: { everyMs: number; onLost(count: number): void },
): SpanProcessor => {
  let queued = 0
  const counting: SpanExporter = {
    export: (spans, done) => {
      queued -= spans.length
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) onLost(spans.length)
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
  const queue = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: maxQueued,
    scheduledDelayMillis: everyMs,
    exportTimeoutMillis: timeoutMs,
  })
  return {
    onStart: () => {},
    onEnd: (span: ReadableSpan) => {
      if (queued >= maxQueued) return onLost(1)
      queued++
      queue.onEnd(span)
    },
    forceFlush: () => queue.forceFlush(),
    shutdown: () => queue.shutdown(),
  }
}

/** @param resource attributes of the process, such as `service.name` */
export const openTracer = (
  url: string,
  config: TracingConfig,
  resource: Readonly<Record<string, string>>,
  onLost: (count: number) => void,
): Tracer => {
  const exporter = new OTLPTraceExporter({
    url,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    timeoutMillis: timeoutMs,
  })
  return new Tracer(
    new TracerProvider({
      resource: resourceFromAttributes(resource),
      sampler: samplerOf(config.OTEL_TRACES_SAMPLER, config.OTEL_TRACES_SAMPLER_ARG),
      spanProcessors: [exportingProcessor(exporter, { everyMs: config.OTEL_BSP_SCHEDULE_DELAY, onLost })],
    }),
  )
}
