/**
 * The spans of one slice of a batch: one for the whole, linked to every sampled record, and one for each such record, as a child
 * of where it came from. What a record leads to carries on from its own span, so a trace goes from the webhook to TikTok.
 */

import { headerNames } from '../origin.ts'
import type { ConsumedRecord } from '../ports.ts'
import { formatTraceparent, parseTraceparent, type TraceContext } from './trace-context.ts'
import type { Span, Tracer } from './tracer.ts'

/** OpenTelemetry's default limit. */
const mostLinks = 128

export class SliceTrace {
  readonly #whole: Span
  readonly #own: ReadonlyMap<ConsumedRecord, Span>

  private constructor(whole: Span, own: ReadonlyMap<ConsumedRecord, Span>) {
    this.#whole = whole
    this.#own = own
  }

  /** null where no record is sampled: nothing is made then. */
  static begin(tracer: Tracer, stage: string, records: readonly ConsumedRecord[]): SliceTrace | null {
    const sampled: { record: ConsumedRecord; parent: TraceContext }[] = []
    for (const record of records) {
      const text = record.headers[headerNames.traceparent]
      if (text === undefined) continue
      const parent = parseTraceparent(text)
      if (parent?.sampled) sampled.push({ record, parent })
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
    // Its own trace, kept because records in it are: the sampler was asked when they began.
    const whole = tracer.start({
      name: `${stage} batch`,
      kind: 'internal',
      parent: { traceId: first.parent.traceId, spanId: first.parent.spanId, sampled: true },
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
    return new SliceTrace(whole, own)
  }

  /** For what the record leads to; undefined: as it came. */
  traceparentOf(record: ConsumedRecord): string | undefined {
    const span = this.#own.get(record)
    return span && formatTraceparent(span.context)
  }

  end(failed = false): void {
    for (const span of this.#own.values()) span.end({}, failed)
    this.#whole.end({}, failed)
  }
}
