/** What a span is, and where ended ones go. Names and attributes are topics, counts and codes: nothing of a person. */
import type { TraceContext } from './trace-context.ts'

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface EndedSpan {
  readonly context: TraceContext
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: SpanKind
  /** ms since the Unix epoch, with fractions. */
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Attributes
  readonly links: readonly TraceContext[]
  readonly failed: boolean
}

export interface SpanSink {
  /** Never waits and never throws: what is too much is dropped and counted. */
  add(span: EndedSpan): void
  /** Sends what is left. */
  close(): Promise<void>
}
