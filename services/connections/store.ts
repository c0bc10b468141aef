/** Reads the connections topic as it stands and writes changes to it. */
import type { ConnectionRecord } from '../model/topic-values.ts'
import type { Codec } from '../runtime/codec.ts'
import type { Broker } from '../runtime/ports.ts'
import { topics } from '../topology.ts'
import { ConnectionDirectory } from './directory.ts'

/** All connections as of now. @throws DependencyError */
export const readConnections = async (broker: Broker, codec: Codec): Promise<ConnectionDirectory> => {
  const directory = new ConnectionDirectory()
  const following = await broker.follow([topics.connections.name], async (record) => {
    if (record.key === null) return
    await codec.prepare([record])
    directory.apply(record.key, record.value === null ? null : codec.decode('connections', record))
  })
  await following.stop()
  return directory
}

/** Resolves once the broker holds the change. @throws DependencyError */
export const writeConnection = async (broker: Broker, codec: Codec, record: ConnectionRecord): Promise<void> => {
  const producer = await broker.producer()
  try {
    await producer.send([
      { topic: topics.connections.name, key: record.connectionId, value: codec.encode('connections', record) },
    ])
  } finally {
    await producer.close()
  }
}
