/** Sends encoded record batches. */
import { type Connection, type Reader, Writer } from '@platformatic/kafka'
import { type Api, sendRaw } from './protocol.ts'

export interface EncodedBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

interface ProduceResponse {
  readonly responses: readonly {
    readonly name: string
    readonly partitionResponses: readonly { readonly index: number; readonly errorCode: number }[]
  }[]
}

const flexibleFrom = 9
const acksOfAll = -1
/** How long the leader waits for its replicas, ms. */
const acksTimeoutMs = 10_000

const requestOf = (batches: readonly EncodedBatch[], isCompact: boolean): Writer => {
  const writer = Writer.create()
    .appendString(null, isCompact)
    .appendInt16(acksOfAll)
    .appendInt32(acksTimeoutMs)
    .appendArray(
      [...Map.groupBy(batches, ({ topic }) => topic)],
      (ofTopic, [topic, some]) => {
        ofTopic.appendString(topic, isCompact).appendArray(
          some,
          (ofPartition, { partition, bytes }) => {
            ofPartition.appendInt32(partition).appendBytes(bytes, isCompact)
          },
          isCompact,
          isCompact,
        )
      },
      isCompact,
      isCompact,
    )
  return isCompact ? writer.appendTaggedFields() : writer
}

/** Error codes of failed partitions, by `topic/partition`. @throws an error of platformatic */
export const produceOnce = async (
  connection: Connection,
  api: Api,
  batches: readonly EncodedBatch[],
): Promise<ReadonlyMap<string, number>> => {
  const parse = (correlation: number, key: number, version: number, reader: Reader): ProduceResponse => {
    try {
      return api.parseResponse(correlation, key, version, reader) as ProduceResponse
    } catch (error) {
      // platformatic throws if any partition has failed; its error has the response.
      const { response } = error as { response?: ProduceResponse }
      if (!response) throw error
      return response
    }
  }
  const request = () => requestOf(batches, api.api.version >= flexibleFrom)
  const { responses } = await sendRaw(connection, api, request, parse, flexibleFrom)
  return new Map(
    responses.flatMap(({ name, partitionResponses }) =>
      partitionResponses.flatMap(({ index, errorCode }) =>
        errorCode === 0 ? [] : [[`${name}/${index}`, errorCode] as const],
      ),
    ),
  )
}
