/** Spans of the calls: each is a child of the first traced signal of the call, linked to the other signals. */
import type { SpanContext } from '@opentelemetry/api'
import type { HttpResult } from '../../runtime/adapters/http.ts'
import type { Stage } from '../../runtime/batch/stage.ts'
import type { Tracer } from '../../runtime/tracing/tracer.ts'
import type { Signal } from '../../shared/model/topic-values.ts'

const maxLinks = 128

export class CallTraces {
  readonly #tracer: Tracer
  /** Lives as long as the signal object. */
  readonly #contexts = new WeakMap<Signal, SpanContext>()

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  /** Wraps the stage so that `call` finds the trace of each signal that it loads. */
  around<State, Change>(stage: Stage<Signal, State, Change>): Stage<Signal, State, Change> {
    return {
      ...stage,
      load: (batch, now) => {
        for (const { value, traceparent } of batch) {
          const context = this.#tracer.read(traceparent)
          if (context) this.#contexts.set(value, context)
        }
        return stage.load(batch, now)
      },
    }
  }

  async call(signals: readonly Signal[], post: () => Promise<HttpResult>): Promise<HttpResult> {
    const contexts = signals.flatMap((signal) => this.#contexts.get(signal) ?? [])
    const [parent] = contexts
    if (!parent) return post()
    const span = this.#tracer.start({
      name: 'TikTok track',
      kind: 'client',
      parent,
      links: contexts.slice(1, 1 + maxLinks),
      attributes: { 'http.request.method': 'POST', 'signals.events': signals.length },
    })
    const result = await post()
    if (result.kind === 'answered') span.end({ 'http.response.status_code': result.status }, result.status >= 500)
    else span.end({ 'error.type': result.reason }, true)
    return result
  }
}
