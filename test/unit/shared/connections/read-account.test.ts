import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { readAccountOf } from '../../../../services/shared/connections/store.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const open = async () => {
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topics.connections.name, partitions: 1, config: {} }])
  const codec = await Codec.open(new MemoryRegistry())
  const producer = await broker.producer()
  const write = (fields: Parameters<typeof connectionRecord>[0] & { readonly connectionId: string }) =>
    producer.send([
      {
        topic: topics.connections.name,
        key: fields.connectionId,
        value: codec.encode('connections', connectionRecord(fields)),
      },
    ])
  return { broker, codec, write }
}

test('a command about one connection learns of it, and of those that have or had its account', async () => {
  const { broker, codec, write } = await open()
  await write({ connectionId: 'before', accountId: '55', status: 'disconnected' })
  await write({ connectionId: 'acme', accountId: '55', revision: 1 })
  await write({ connectionId: 'acme', accountId: '55', revision: 2, status: 'paused' })
  await write({ connectionId: 'elsewhere', accountId: '77' })
  const directory = await readAccountOf('acme', broker, codec)
  expect(directory.byId('acme')).toMatchObject({ revision: 2, status: 'paused' })
  expect(directory.byId('before')).toMatchObject({ status: 'disconnected' })
  expect(directory.byAccount('whatsapp', '55')?.connectionId).toBe('acme')
})

test('a connection that there is none of is not found', async () => {
  const { broker, codec, write } = await open()
  await write({ connectionId: 'acme', accountId: '55' })
  expect((await readAccountOf('nowhere', broker, codec)).all().map(({ connectionId }) => connectionId)).not.toContain(
    'nowhere',
  )
})
