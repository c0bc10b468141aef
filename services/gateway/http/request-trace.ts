/** Traces POST requests; their records continue the trace. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tracer } from '../../runtime/tracing/tracer.ts'

/**
 * Starts a span, as a child of the caller's if there is one, and replaces the request's `traceparent` by its context.
 * A request that is not sampled keeps its `traceparent`.
 * @param source label as in metrics: a known source, never text from the caller
 */
export const traceRequest = (
  tracer: Tracer,
  request: IncomingMessage,
  response: ServerResponse,
  source: () => string | null,
): void => {
  if (request.method !== 'POST') return
  const { traceparent } = request.headers
  const span = tracer.start({
    name: 'gateway receive',
    kind: 'server',
    parent: tracer.read(typeof traceparent === 'string' ? traceparent : undefined),
    attributes: { 'http.request.method': 'POST' },
  })
  if (!span.isSampled) return
  request.headers.traceparent = tracer.write(span)
  response.once('close', () => {
    const { statusCode } = response
    span.end({ 'http.response.status_code': statusCode, 'signals.source': source() ?? 'none' }, statusCode >= 500)
  })
}
