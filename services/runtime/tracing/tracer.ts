/** Spans and W3C trace context over OpenTelemetry's SDK. Loaded only when tracing is on; other files import only its types. */
import {
  type Attributes,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import type { TracerProvider } from '@opentelemetry/sdk-trace'

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
}
const propagator = new W3CTraceContextPropagator()

export interface Span {
  readonly context: SpanContext
  readonly isSampled: boolean
  end(attributes?: Attributes, failed?: boolean): void
}

export interface SpanOptions {
  readonly name: string
  readonly kind: keyof typeof kinds
  /** null starts a new trace. */
  readonly parent: SpanContext | null
  readonly links?: readonly SpanContext[]
  /** Topics, counts and codes; no personal data. */
  readonly attributes?: Attributes
}

const isSampled = ({ traceFlags }: SpanContext) => (traceFlags & TraceFlags.SAMPLED) !== 0

export class Tracer {
  readonly #provider: TracerProvider
  readonly #tracer

  constructor(provider: TracerProvider) {
    this.#provider = provider
    this.#tracer = provider.getTracer('messaging-signals')
  }

  /** Parses a `traceparent`; null when absent or malformed. */
  read(traceparent: string | undefined): SpanContext | null {
    if (traceparent === undefined) return null
    return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)) ?? null
  }

  /** Parses a `traceparent`; null unless its trace is sampled. */
  readSampled(traceparent: string | undefined): SpanContext | null {
    const context = this.read(traceparent)
    return context && isSampled(context) ? context : null
  }

  /** The `traceparent` of a span, for the next hop. */
  write({ context }: Span): string {
    const carrier: { traceparent?: string } = {}
    propagator.inject(trace.setSpanContext(ROOT_CONTEXT, context), carrier, defaultTextMapSetter)
    return carrier.traceparent as string
  }

  /** Starts a span. One that is not sampled is not exported, but still has a context to pass on. */
  start({ name, kind, parent, links = [], attributes = {} }: SpanOptions): Span {
    const span = this.#tracer.startSpan(
      name,
      { kind: kinds[kind], links: links.map((context) => ({ context })), attributes },
      parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT,
    )
    const context = span.spanContext()
    return {
      context,
      isSampled: isSampled(context),
      end: (more = {}, failed = false) => {
        span.setAttributes(more)
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      },
    }
  }

  /** Exports the remaining spans. Never throws: failed exports are counted as lost spans. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => undefined)
  }
}
