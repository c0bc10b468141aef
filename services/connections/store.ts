/** The connections topic, read whole and followed, with a writer on it: for a command or a server that changes connections. */
import type { ConnectionRecord } from '../model/topic-values.ts'
import type { Codec } from '../runtime/codec.ts'
import { BadRecord } from '../runtime/failures.ts'
import type { Broker, Clock } from '../runtime/ports.ts'
import { topics } from '../topology.ts'
import { ConnectionDirectory } from './directory.ts'
import { ConnectionWriter } from './writer.ts'

export interface ConnectionLog {
  readonly directory: ConnectionDirectory
  readonly writer: ConnectionWriter
  close(): Promise<void>
}

/** Resolves once all that was there is read. @throws DependencyError */
export const openConnectionLog = async (
  broker: Broker,
  codec: Codec,
  clock: Pick<Clock, 'now'> = Date,
): Promise<ConnectionLog> => {
  const directory = new ConnectionDirectory()
  const producer = await broker.producer()
  const writer = new ConnectionWriter({ directory, codec, producer, clock })
  const following = await broker.follow([topics.connections.name], async (record) => {
    if (record.key === null) return
    await codec.prepare([record])
    let value: ConnectionRecord | null
    try {
      value = record.value === null ? null : codec.decode('connections', record)
    } catch (error) {
      // As in every stage: what does not decode leaves in force what was.
      if (error instanceof BadRecord) return
      throw error
    }
    directory.apply(record.key, value)
    writer.followed(record.key)
  })
  return {
    directory,
    writer,
    close: async () => {
      await following.stop()
      await producer.close()
    },
  }
}

/** All connections as of now. @throws DependencyError */
export const readConnections = async (broker: Broker, codec: Codec): Promise<ConnectionDirectory> => {
  const { directory, close } = await openConnectionLog(broker, codec)
  await close()
  return directory
}
