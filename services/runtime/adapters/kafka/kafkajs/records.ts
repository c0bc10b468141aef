import type { KafkaMessage } from 'kafkajs'
import type { ConsumedRecord, Headers } from '../../../ports.ts'

const noHeaders: Headers = {}

const headersOf = (raw: KafkaMessage['headers']): Headers => {
  if (!raw) return noHeaders
  let headers: Record<string, string> | undefined
  for (const name in raw) {
    const value = raw[name]
    if (value === undefined) continue
    headers ??= {}
    // Of several values of a header the last one counts, as in Kafka's own `lastHeader`.
    headers[name] = (Array.isArray(value) ? value.at(-1) : value)?.toString() ?? ''
  }
  return headers ?? noHeaders
}

export const consumedRecordOf = (topic: string, partition: number, message: KafkaMessage): ConsumedRecord => ({
  topic,
  partition,
  offset: BigInt(message.offset),
  key: message.key === null ? null : message.key.toString(),
  value: message.value,
  headers: headersOf(message.headers),
  timestamp: Number(message.timestamp),
})
