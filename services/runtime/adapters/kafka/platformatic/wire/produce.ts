/** A produce request of batches that are encoded already. */
import { type Connection, type Reader, Writer } from '@platformatic/kafka'
import { type Api, sendRaw } from './protocol.ts'

export interface EncodedBatch {
  readonly topic: string
  readonly partition: number
  readonly bytes: Buffer
}

interface ProduceAnswer {
  readonly responses: readonly {
    readonly name: string
    readonly partitionResponses: readonly { readonly index: number; readonly errorCode: number }[]
  }[]
}

const flexibleFrom = 9
const acksOfAll = -1
/** How long the broker waits for its replicas. */
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

/** Codes of the partitions that failed, by `topic/partition`. @throws an error of platformatic */
export const produceOnce = async (
  connection: Connection,
  api: Api,
  batches: readonly EncodedBatch[],
): Promise<ReadonlyMap<string, number>> => {
  const parse = (correlation: number, key: number, version: number, reader: Reader): ProduceAnswer => {
    try {
      return api.parseResponse(correlation, key, version, reader) as ProduceAnswer
    } catch (error) {
      // platformatic throws the answer as soon as one partition has failed.
      const { response } = error as { response?: ProduceAnswer }
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
