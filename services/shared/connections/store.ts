/** Opens the connections topic for reading and writing, for a command that changes connections. */

import { BadRecord } from '../../failures.ts'
import { systemClock } from '../../runtime/clock.ts'
import type { Broker, Clock, ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { beginningOfTime, endOfTime, readInBatches, readWhole } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { ConnectionRecord } from '../model/connection-record.ts'
import { ConnectionDirectory } from './directory.ts'
import { ConnectionWriter } from './writer.ts'

export interface ConnectionLog {
  readonly directory: ConnectionDirectory
  readonly writer: ConnectionWriter
  close(): Promise<void>
}

/** @returns false for a record that is not about a connection, or does not decode */
const apply = async (directory: ConnectionDirectory, codec: Codec, record: ConsumedRecord): Promise<boolean> => {
  if (record.key === null) return false
  await codec.prepare([record])
  let value: ConnectionRecord | null
  try {
    value = record.value === null ? null : codec.decode('connections', record)
  } catch (error) {
    // As in every stage: an undecodable record leaves the last valid one active.
    if (error instanceof BadRecord) return false
    throw error
  }
  directory.apply(record.key, value)
  return true
}

/** Resolves once the directory holds every record that was in the topic. @throws DependencyError */
export const openConnectionLog = async (
  broker: Broker,
  codec: Codec,
  clock: Clock = systemClock,
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

/** Reads all connections once. @throws DependencyError */
export const readConnections = async (broker: Broker, codec: Codec): Promise<ConnectionDirectory> => {
  const directory = new ConnectionDirectory()
  await readWhole(broker, topics.connections.name, async (record) => {
    await apply(directory, codec, record)
  })
  return directory
}

/** Records of the topic that hold the text: of 10,000 connections, the others are neither verified nor decoded. */
const readHolding = async (
  directory: ConnectionDirectory,
  text: string,
  broker: Broker,
  codec: Codec,
): Promise<void> => {
  const take = async (records: readonly ConsumedRecord[]) => {
    for (const record of records) await apply(directory, codec, record)
  }
  const holding = { holding: [Buffer.from(text)] }
  await readInBatches(broker, topics.connections.name, take, beginningOfTime, endOfTime, holding)
}

/** Reads one connection, and all that have or had its account. @throws DependencyError */
export const readAccountOf = async (
  connectionId: string,
  broker: Broker,
  codec: Codec,
): Promise<ConnectionDirectory> => {
  const directory = new ConnectionDirectory()
  await readHolding(directory, connectionId, broker, codec)
  const found = directory.byId(connectionId)
  if (found) await readHolding(directory, found.accountId, broker, codec)
  return directory
}
