import { DependencyError } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { disconnect, pause, reconnect } from '../../../../services/shared/connections/connection.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { readHistory } from '../../../../services/shared/connections/history.ts'
import { type ConnectionLog, openConnectionLog } from '../../../../services/shared/connections/store.ts'
import { type Author, ConnectionWriter } from '../../../../services/shared/connections/writer.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord, noon } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const cli: Author = { via: 'cli', actor: 'ana@desk' }
const dispatch: Author = { via: 'dispatch', actor: 'TikTok' }

const open = async () => {
  const cluster = new MemoryCluster()
  cluster.now = () => noon
  const broker = cluster.open()
  await broker.createTopics(
    [topics.connections, topics.connectionHistory].map(({ name }) => ({ name, partitions: 1, config: {} })),
  )
  const registry = new MemoryRegistry()
  const codec = await Codec.open(registry)
  const log = (): Promise<ConnectionLog> => openConnectionLog(broker, codec, new FakeClock(noon))
  return { cluster, broker, codec, log }
}

const add = ({ writer }: ConnectionLog, author = cli) =>
  writer.change('acme-wa', () => connectionRecord({ changedAt: noon }), { action: 'added' }, author)
const change = (log: ConnectionLog, how: (record: ConnectionRecord, now: number) => ConnectionRecord, author: Author) =>
  log.writer.change(
    'acme-wa',
    (current, now) => {
      if (!current) return null
      const next = how(current, now)
      return next === current ? null : next
    },
    { action: author === cli ? 'paused' : 'token_refused' },
    author,
  )

describe('the writer of connections', () => {
  it('counts revisions and writes a line of history with each change', async () => {
    const { log, broker, codec } = await open()
    const one = await log()
    await add(one)
    const paused = await change(one, pause, cli)
    expect(paused).toMatchObject({ status: 'paused', revision: 2 })
    const lines = await readHistory(broker, codec, 'acme-wa')
    expect(lines.map(({ action, from, to, actor, revision }) => [action, from, to, actor, revision])).toEqual([
      ['added', null, 'active', 'ana@desk', 1],
      ['paused', 'active', 'paused', 'ana@desk', 2],
    ])
    expect(await readHistory(broker, codec, 'other')).toEqual([])
  })

  it('repeats a change when another writer was first, and neither is lost', async () => {
    const { log, broker, codec } = await open()
    const [one, other] = [await log(), await log()]
    await add(one)
    // Both saw revision 1 when they began.
    await Promise.all([change(one, pause, cli), change(other, disconnect, dispatch)])
    for (const { directory } of [one, other, await log()])
      expect(directory.byId('acme-wa')).toMatchObject({ status: 'disconnected', accessToken: null })
    const lines = await readHistory(broker, codec, 'acme-wa')
    expect(lines.map(({ revision }) => revision)).toEqual(lines.map((_, at) => at + 1))
  })

  it('overwrites its losing record also where the repeated change is a no-op', async () => {
    const { log, cluster, codec } = await open()
    const [one, other] = [await log(), await log()]
    await add(one)
    await Promise.all([change(one, disconnect, cli), change(other, reconnect, dispatch)])
    const last = cluster.records(topics.connections.name).at(-1)
    // Compaction keeps the last record of a key: it must not be the losing one, which still has a token.
    expect(codec.decode('connections', last as never)).toMatchObject({ status: 'disconnected', accessToken: null })
  })

  it('skips a losing record, and reports it as stale', async () => {
    const { log } = await open()
    const { directory } = await log()
    expect(directory.apply('a', connectionRecord({ revision: 3, changeId: 'x' }))).toBe('applied')
    expect(directory.apply('a', connectionRecord({ revision: 3, changeId: 'y', status: 'paused' }))).toBe('stale')
    expect(directory.apply('a', connectionRecord({ revision: 3, changeId: 'x' }))).toBe('applied')
    expect(directory.byId('a')?.status).toBe('active')
    // A copy of a record from before revisions existed does not bring that state back.
    expect(directory.apply('a', connectionRecord({ status: 'paused' }))).toBe('stale')
    expect(directory.byId('a')?.status).toBe('active')
  })

  it('writes nothing for a no-op', async () => {
    const { log, cluster } = await open()
    const one = await log()
    await add(one)
    await change(one, disconnect, cli)
    await change(one, disconnect, cli)
    expect(cluster.records(topics.connections.name)).toHaveLength(2)
    expect(cluster.records(topics.connectionHistory.name)).toHaveLength(2)
  })

  it('fails when its own record does not return within 30 s: the follower has lost its broker', async () => {
    const { broker, codec } = await open()
    const clock = new FakeClock(noon)
    const writer = new ConnectionWriter({
      ...{ directory: new ConnectionDirectory(), codec, producer: await broker.producer(), clock },
    })
    const change = writer.change('acme-wa', () => connectionRecord(), { action: 'added' }, cli)
    await expect(clock.runUntil(change)).rejects.toThrow(DependencyError)
    expect(clock.now()).toBe(noon + 30_000)
  })

  it('passes on the error of a refused change, with nothing written', async () => {
    const { log, cluster } = await open()
    const one = await log()
    const refuse = () => {
      throw new Error('refused')
    }
    await expect(one.writer.change('x', refuse, { action: 'paused' }, cli)).rejects.toThrow('refused')
    expect(cluster.records(topics.connections.name)).toEqual([])
  })
})
