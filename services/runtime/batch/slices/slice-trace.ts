/**
 * The spans of one slice. One covers the whole slice and is linked to every sampled record. Each sampled record has its own, a child of
 * the span in its header. Records made from it carry its span on, so a trace leads from the webhook to TikTok.
 */
import type { SpanContext } from '@opentelemetry/api'
import type { ConsumedRecord } from '../../ports.ts'
import type { Span, Tracer } from '../../tracing/tracer.ts'
import { headerNames } from '../record-headers.ts'

/** OpenTelemetry's default limit of links per span. */
const maxLinks = 128

export class SliceTrace {
  readonly #tracer: Tracer
  readonly #slice: Span
  readonly #byRecord: ReadonlyMap<ConsumedRecord, Span>

  private constructor(tracer: Tracer, slice: Span, byRecord: ReadonlyMap<ConsumedRecord, Span>) {
    this.#tracer = tracer
    this.#slice = slice
    this.#byRecord = byRecord
  }

  /** null when no record is sampled; then no span is created. */
  static begin(tracer: Tracer, stage: string, records: readonly ConsumedRecord[]): SliceTrace | null {
    const sampled: { record: ConsumedRecord; parent: SpanContext }[] = []
    for (const record of records) {
      const parent = tracer.readSampled(record.headers[headerNames.traceparent])
      if (parent) sampled.push({ record, parent })
    }
    const [first] = sampled
    if (!first) return null
    const { topic, partition } = first.record
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
    }
    const slice = tracer.start({
      name: `${stage} batch`,
      kind: 'internal',
      parent: first.parent,
      links: sampled.slice(0, maxLinks).map(({ parent }) => parent),
      attributes: { ...attributes, 'messaging.batch.message_count': records.length },
    })
    const byRecord = new Map(
      sampled.map(({ record, parent }) => [
        record,
        tracer.start({
          name: `${stage} process`,
          kind: 'consumer',
          parent,
          links: [slice.context],
          attributes: { ...attributes, 'messaging.kafka.offset': Number(record.offset) },
        }),
      ]),
    )
    return new SliceTrace(tracer, slice, byRecord)
  }

  /** For records made from this one; undefined when it is not sampled. */
  traceparentOf(record: ConsumedRecord): string | undefined {
    const span = this.#byRecord.get(record)
    return span && this.#tracer.write(span)
  }

  end(failed = false): void {
    for (const span of this.#byRecord.values()) span.end({}, failed)
    this.#slice.end({}, failed)
  }
}
