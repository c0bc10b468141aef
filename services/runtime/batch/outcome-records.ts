/** Converts outcomes to records in one exhaustive switch: a new kind does not compile until it is handled here. */
import { laterTopic, parkedTopic } from '../../derived-topics.ts'
import { type ConsumerStage, topics } from '../../topology.ts'
import type { Headers, ProducerRecord } from '../ports.ts'
import { deadLetterRecord, type SealingTools } from './dead-letter.ts'
import { failedCount, type Outcome } from './outcome.ts'
import { headerNames, receivedAtOf, traceHeaders } from './record-headers.ts'
import type { Input } from './stage.ts'

/** Identifies one outcome: the index of its input, and its index among that input's outcomes. */
export interface OutcomeIndex {
  readonly input: number
  readonly part: number
}

export interface OutcomeRecords {
  readonly records: ProducerRecord[]
  /** For each record, the outcome that it came from. */
  readonly owners: OutcomeIndex[]
  /** Number of outcomes by kind and reason. */
  readonly counts: Map<string, { outcome: Outcome['kind']; reason: string; count: number }>
  /** By input, whether nothing of it passed; null: it was put aside. Input of the limits on dead letters. */
  readonly failed: (boolean | null)[]
}

const reasonOf = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case 'forwarded':
      return ''
    case 'deadLettered':
      return outcome.failure.code
    case 'dropped':
    case 'deferred':
    case 'parked':
      return outcome.reason
  }
}

const failureOf = (parts: readonly Outcome[]): boolean | null => {
  if (!parts.some(({ kind }) => kind === 'deadLettered')) return false
  const letters = parts.filter((outcome) => outcome.kind === 'deadLettered')
  if (letters.some(({ failure }) => failure.code === 'quarantined')) return null
  return letters.length > 0 && !parts.some(({ kind }) => kind === 'forwarded')
}

/** The unchanged record for another topic, with the given headers added. */
const copyOf = (input: Input<unknown>, topic: string, headers: Headers): ProducerRecord => ({
  topic,
  key: input.record.key,
  value: input.record.value,
  headers: {
    ...input.record.headers,
    ...traceHeaders(input),
    // The copy has a later timestamp, and consent is judged by the first one.
    [headerNames.receivedAt]: String(receivedAtOf(input.record)),
    ...headers,
  },
})

export const outcomeRecordsOf = <In>(
  stage: ConsumerStage,
  inputs: readonly Input<In>[],
  outcomes: readonly (Outcome | readonly Outcome[])[],
  now: number,
  tools: SealingTools,
): OutcomeRecords => {
  const result: OutcomeRecords = { records: [], owners: [], counts: new Map(), failed: [] }
  const { records, owners, counts, failed } = result
  let last: { outcome: Outcome['kind']; reason: string; count: number } | undefined

  const convert = (index: number, part: number, outcome: Outcome) => {
    const input = inputs[index] as Input<In>
    const add = (record: ProducerRecord) => {
      records.push(record)
      owners.push({ input: index, part })
    }
    const reason = reasonOf(outcome)
    const items = outcome.kind === 'deadLettered' ? failedCount(outcome.items) : 1
    // Most outcomes are like the one before, and no label is made for them.
    if (last?.outcome === outcome.kind && last.reason === reason) last.count += items
    else {
      const label = `${outcome.kind} ${reason}`
      last = counts.get(label) ?? { outcome: outcome.kind, reason, count: 0 }
      last.count += items
      counts.set(label, last)
    }

    switch (outcome.kind) {
      case 'forwarded': {
        const headers = traceHeaders(input)
        for (const one of outcome.records) {
          const { topic, key, value, headers: own } = one
          add({
            topic: topics[topic].name,
            key,
            value:
              topic === 'attributedMessages' && value.message === input.value
                ? tools.codec.encodeAttributed(value, input.record)
                : tools.codec.encode(topic, value as never),
            headers: own ? { ...headers, ...own } : headers,
          })
        }
        return
      }
      case 'dropped':
        return
      case 'deadLettered':
        add(deadLetterRecord(stage, input, outcome, now, tools))
        return
      case 'deferred':
        add(
          copyOf(input, laterTopic(stage, outcome.delay), {
            [headerNames.attempt]: String(outcome.attempted ? input.attempt + 1 : input.attempt),
          }),
        )
        return
      case 'parked':
        add(copyOf(input, parkedTopic, { [headerNames.attempt]: String(input.attempt), reason: outcome.reason }))
        return
    }
  }

  outcomes.forEach((outcome, index) => {
    const parts = Array.isArray(outcome) ? (outcome as readonly Outcome[]) : [outcome as Outcome]
    for (let part = 0; part < parts.length; part++) convert(index, part, parts[part] as Outcome)
    failed.push(failureOf(parts))
  })
  return result
}
