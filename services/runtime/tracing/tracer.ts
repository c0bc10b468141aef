/** Spans and W3C trace context, by OpenTelemetry's SDK. Loaded only where tracing is on: others take the types of this file. */
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
  /** null: a trace of its own. */
  readonly parent: SpanContext | null
  readonly links?: readonly SpanContext[]
  /** Topics, counts and codes: nothing of a person. */
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

  /** What a `traceparent` says; null: absent or malformed, which is the same to whoever comes after. */
  read(traceparent: string | undefined): SpanContext | null {
    if (traceparent === undefined) return null
    return trace.getSpanContext(propagator.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter)) ?? null
  }

  /** The same, where whoever began the trace wants it kept. */
  readSampled(traceparent: string | undefined): SpanContext | null {
    const context = this.read(traceparent)
    return context && isSampled(context) ? context : null
  }

  /** `traceparent` of a span, for what it leads to. */
  write({ context }: Span): string {
    const carrier: { traceparent?: string } = {}
    propagator.inject(trace.setSpanContext(ROOT_CONTEXT, context), carrier, defaultTextMapSetter)
    return carrier.traceparent as string
  }

  /** A span that is not sampled has a context to hand on all the same, and is not sent anywhere. */
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

  /** Sends what is left. Never throws: what the collector does not take is counted. */
  async close(): Promise<void> {
    await this.#provider.shutdown().catch(() => undefined)
  }
}
