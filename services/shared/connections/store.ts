/** The connections topic, read whole and followed, with a writer on it: for a command or a server that changes connections. */

import { BadRecord } from '../../runtime/failures.ts'
import type { Broker, Clock, ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { ConnectionRecord } from '../model/connection-record.ts'
import { ConnectionDirectory } from './directory.ts'
import { ConnectionWriter } from './writer.ts'

export interface ConnectionLog {
  readonly directory: ConnectionDirectory
  readonly writer: ConnectionWriter
  close(): Promise<void>
}

/** @returns whether the record says something of a connection */
const apply = async (directory: ConnectionDirectory, codec: Codec, record: ConsumedRecord): Promise<boolean> => {
  if (record.key === null) return false
  await codec.prepare([record])
  let value: ConnectionRecord | null
  try {
    value = record.value === null ? null : codec.decode('connections', record)
  } catch (error) {
    // As in every stage: what does not decode leaves in force what was.
    if (error instanceof BadRecord) return false
    throw error
  }
  directory.apply(record.key, value)
  return true
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
    if (await apply(directory, codec, record)) writer.followed(record.key as string)
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
  const directory = new ConnectionDirectory()
  await readWhole(broker, topics.connections.name, async (record) => {
    await apply(directory, codec, record)
  })
  return directory
}
