/** Outcomes to records: one exhaustive switch, so that a new kind fails to compile until it is handled here. */
import { laterTopic, parkedTopic } from '../../derived-topics.ts'
import { type ConsumerStage, topics } from '../../topology.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Headers, ProducerRecord } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { deadLetterRecord } from './dead-letter.ts'
import type { Outcome } from './outcome.ts'
import { carried, headerNames } from './record-headers.ts'
import type { Input } from './stage.ts'

/** One outcome: an input's only one, or one part of a delivery with several items. */
export interface Owner {
  readonly input: number
  readonly part: number
}

export interface OutcomeRecords {
  readonly records: ProducerRecord[]
  /** For each record, which outcome made it. */
  readonly owners: Owner[]
  /** Counted outcomes: kind, reason, how many. */
  readonly counts: Map<string, { outcome: Outcome['kind']; reason: string; count: number }>
  /** True for each outcome that is a dead letter, in order: what the limit judges. */
  readonly bad: boolean[]
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

/** The record as it came: what waits is the same record, one attempt older. */
const asItCame = (input: Input<unknown>, topic: string, headers: Headers): ProducerRecord => ({
  topic,
  key: input.record.key,
  value: input.record.value,
  headers: { ...input.record.headers, ...carried(input), ...headers },
})

export const outcomeRecordsOf = <In>(
  stage: ConsumerStage,
  inputs: readonly Input<In>[],
  outcomes: readonly (Outcome | readonly Outcome[])[],
  now: number,
  tools: { codec: Codec; keyring: Keyring },
): OutcomeRecords => {
  const settlement: OutcomeRecords = { records: [], owners: [], counts: new Map(), bad: [] }
  const { records, owners, counts, bad } = settlement

  const settleOne = (index: number, part: number, outcome: Outcome) => {
    const input = inputs[index] as Input<In>
    const add = (record: ProducerRecord) => {
      records.push(record)
      owners.push({ input: index, part })
    }
    const reason = reasonOf(outcome)
    const label = `${outcome.kind} ${reason}`
    const known = counts.get(label)
    if (known) known.count++
    else counts.set(label, { outcome: outcome.kind, reason, count: 1 })
    bad.push(outcome.kind === 'deadLettered')

    switch (outcome.kind) {
      case 'forwarded': {
        const headers = carried(input)
        for (const { topic, key, value, headers: own } of outcome.records) {
          add({
            topic: topics[topic].name,
            key,
            value: tools.codec.encode(topic, value as never),
            headers: own ? { ...headers, ...own } : headers,
          })
        }
        return
      }
      case 'dropped':
        return
      case 'deadLettered':
        add(deadLetterRecord(stage, input, outcome.failure, now, tools))
        return
      case 'deferred':
        add(
          asItCame(input, laterTopic(stage, outcome.delay), {
            [headerNames.attempt]: String(outcome.attempted ? input.attempt + 1 : input.attempt),
          }),
        )
        return
      case 'parked':
        add(asItCame(input, parkedTopic, { [headerNames.attempt]: String(input.attempt), reason: outcome.reason }))
        return
    }
  }

  outcomes.forEach((outcome, index) => {
    const parts = Array.isArray(outcome) ? (outcome as readonly Outcome[]) : [outcome as Outcome]
    for (const [part, one] of parts.entries()) settleOne(index, part, one)
  })
  return settlement
}
