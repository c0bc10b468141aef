import { startConnectionRequests } from '../../../services/control/connection-requests.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { Codec } from '../../../services/runtime/topics/codec.ts'
import { requestSender } from '../../../services/shared/connections/requests/send.ts'
import { openConnectionLog } from '../../../services/shared/connections/store.ts'
import type { ConnectionRequest } from '../../../services/shared/model/connection-record.ts'
import { topics } from '../../../services/topology.ts'
import { connectionRecord, noon } from '../../support/builders.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryCluster } from '../../support/memory-broker.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

const request: ConnectionRequest = {
  kind: 'token_refused',
  connectionId: 'acme-wa',
  source: 'whatsapp',
  accountId: '106540352242922',
  code: 40105,
  occurredAt: noon,
  changedAt: noon,
}

const open = async () => {
  const cluster = new MemoryCluster()
  cluster.after = (_ms, resume) => {
    setImmediate(resume)
    return () => {}
  }
  const broker = cluster.open()
  const names = [topics.connections, topics.connectionHistory, topics.connectionRequests]
  await broker.createTopics(names.map(({ name }) => ({ name, partitions: 1, config: {} })))
  const codec = await Codec.open(new MemoryRegistry())
  const log = await openConnectionLog(broker, codec, new FakeClock(noon))
  await log.writer.change(
    'acme-wa',
    () => connectionRecord({ changedAt: noon }),
    { action: 'added' },
    {
      via: 'cli',
      actor: 'ana',
    },
  )
  const producer = await broker.producer()
  const counts: string[] = []
  const logged: unknown[] = []
  const note = (facts: unknown) => void logged.push(facts)
  const state = { fail: 0 }
  const consumer = await startConnectionRequests({
    broker,
    codec,
    writer: {
      change: (...args) => {
        if (state.fail-- > 0) throw new DependencyError('kafka', 'away')
        return log.writer.change(...args)
      },
    },
    metrics: {
      count: (_name, labels, by = 1) => {
        if (by > 0) counts.push(Object.values(labels).join(' '))
      },
    },
    log: { info: note, warn: note, error: note } as never,
  })
  const stop = async () => {
    await consumer.stop()
    await log.close()
  }
  const write = (value: Buffer) => producer.send([{ topic: topics.connectionRequests.name, key: 'acme-wa', value }])
  return { send: requestSender(producer, codec), write, codec, log, counts, logged, state, stop }
}

describe('control', () => {
  it('makes the change that a stage asks for, once', async () => {
    const { send, log, counts, stop } = await open()
    await send(request)
    await send(request)
    await eventually('read', async () => counts.length === 2)
    await stop()
    expect(counts).toEqual(['token_refused changed', 'token_refused unchanged'])
    expect(log.directory.byId('acme-wa')).toMatchObject({ status: 'reconnect', statusCode: 40105, revision: 2 })
  })

  it('tries again while Kafka does not take the change, and loses none', async () => {
    const { send, log, counts, state, stop } = await open()
    state.fail = 2
    await send(request)
    await eventually('read', async () => counts.length === 1)
    await stop()
    expect(log.directory.byId('acme-wa')?.status).toBe('reconnect')
  })

  it('passes over what it cannot read or does not know, and goes on', async () => {
    const { send, write, codec, log, counts, stop } = await open()
    await write(Buffer.from('no request'))
    await write(codec.encode('connectionRequests', { ...request, kind: 'erase' as never }))
    await send(request)
    await eventually('read', async () => counts.length === 3)
    await stop()
    expect(counts).toEqual(['other unknown', 'other unknown', 'token_refused changed'])
    expect(log.directory.byId('acme-wa')?.status).toBe('reconnect')
  })
})
