/** The span of a request that brings something, and the trace that its records carry on. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tracer } from '../runtime/tracing/tracer.ts'

/**
 * Begins a span, as a child of the caller's where there is one, and puts its context in place of the caller's: whoever reads the
 * request's `traceparent` from here on carries on from it. A request that is not sampled keeps what it came with.
 * @param source as in metrics: a known source, never what a caller made up
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
