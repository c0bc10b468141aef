/** Spans wait here and go out in batches, over OTLP/HTTP. A collector that is away or slow costs spans, never a message. */
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

const mostWaiting = 8_192
const timeoutMs = 5_000

/**
 * The library's queue, which tells nobody what it drops: so nothing more is handed to it than it holds.
 * @param onLost spans that were not taken: too many, or the collector did not
 */
export const exportingProcessor = (
  exporter: SpanExporter,
  { everyMs, onLost }: { everyMs: number; onLost(count: number): void },
): SpanProcessor => {
  let waiting = 0
  const counting: SpanExporter = {
    export: (spans, done) => {
      waiting -= spans.length
      exporter.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS) onLost(spans.length)
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
  const queue = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: mostWaiting,
    scheduledDelayMillis: everyMs,
    exportTimeoutMillis: timeoutMs,
  })
  return {
    onStart: () => {},
    onEnd: (span: ReadableSpan) => {
      if (waiting >= mostWaiting) return onLost(1)
      waiting++
      queue.onEnd(span)
    },
    forceFlush: () => queue.forceFlush(),
    shutdown: () => queue.shutdown(),
  }
}

/** @param resource who made the spans: `service.name` and the like */
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
