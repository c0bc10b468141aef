/** Begins spans, samples, and hands over those that ended. */
import type { Sampler } from './sampler.ts'
import type { Attributes, SpanKind, SpanSink } from './span.ts'
import { newSpanId, newTraceId, type TraceContext } from './trace-context.ts'

export interface Span {
  readonly context: TraceContext
  end(attributes?: Attributes, failed?: boolean): void
}

export interface SpanOptions {
  readonly name: string
  readonly kind: SpanKind
  /** null: a trace of its own. */
  readonly parent: TraceContext | null
  readonly links?: readonly TraceContext[]
  readonly attributes?: Attributes
  /** ms; default: now. */
  readonly startedAt?: number
}

export class Tracer {
  readonly #sampler: Sampler
  readonly #sink: SpanSink

  constructor(sampler: Sampler, sink: SpanSink) {
    this.#sampler = sampler
    this.#sink = sink
  }

  now(): number {
    return performance.timeOrigin + performance.now()
  }

  /** A span that is not sampled has a context to hand on all the same, and is not sent anywhere. */
  start({ name, kind, parent, links = [], attributes = {}, startedAt = this.now() }: SpanOptions): Span {
    const traceId = parent?.traceId ?? newTraceId()
    const context: TraceContext = { traceId, spanId: newSpanId(), sampled: this.#sampler(traceId, parent) }
    return {
      context,
      end: (more = {}, failed = false) => {
        if (!context.sampled) return
        this.#sink.add({
          ...{ context, name, kind, startedAt, links, failed },
          parentSpanId: parent?.spanId ?? null,
          endedAt: this.now(),
          attributes: { ...attributes, ...more },
        })
      },
    }
  }

  close(): Promise<void> {
    return this.#sink.close()
  }
}
