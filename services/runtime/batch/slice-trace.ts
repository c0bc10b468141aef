/**
 * The spans of one slice of a batch: one for the whole, linked to every sampled record, and one for each such record, as a child
 * of where it came from. What a record leads to carries on from its own span, so a trace goes from the webhook to TikTok.
 */
import type { SpanContext } from '@opentelemetry/api'
import type { ConsumedRecord } from '../ports.ts'
import type { Span, Tracer } from '../tracing/tracer.ts'
import { headerNames } from './record-headers.ts'

/** OpenTelemetry's default limit. */
const mostLinks = 128

export class SliceTrace {
  readonly #tracer: Tracer
  readonly #whole: Span
  readonly #own: ReadonlyMap<ConsumedRecord, Span>

  private constructor(tracer: Tracer, whole: Span, own: ReadonlyMap<ConsumedRecord, Span>) {
    this.#tracer = tracer
    this.#whole = whole
    this.#own = own
  }

  /** null where no record is sampled: nothing is made then. */
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
    const whole = tracer.start({
      name: `${stage} batch`,
      kind: 'internal',
      parent: first.parent,
      links: sampled.slice(0, mostLinks).map(({ parent }) => parent),
      attributes: { ...attributes, 'messaging.batch.message_count': records.length },
    })
    const own = new Map(
      sampled.map(({ record, parent }) => [
        record,
        tracer.start({
          name: `${stage} process`,
          kind: 'consumer',
          parent,
          links: [whole.context],
          attributes: { ...attributes, 'messaging.kafka.offset': Number(record.offset) },
        }),
      ]),
    )
    return new SliceTrace(tracer, whole, own)
  }

  /** For what the record leads to; undefined: as it came. */
  traceparentOf(record: ConsumedRecord): string | undefined {
    const span = this.#own.get(record)
    return span && this.#tracer.write(span)
  }

  end(failed = false): void {
    for (const span of this.#own.values()) span.end({}, failed)
    this.#whole.end({}, failed)
  }
}
