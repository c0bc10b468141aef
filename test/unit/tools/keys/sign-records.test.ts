import { writeList } from '../../../../services/keywords/lists/store.ts'
import { writeRuleSet } from '../../../../services/keywords/rules/store.ts'
import { readKeys } from '../../../../services/runtime/keys/data-secret.ts'
import { keyHolders } from '../../../../services/runtime/keys/key-holders.ts'
import type { KeySettings } from '../../../../services/runtime/keys/key-settings.ts'
import { signedBroker } from '../../../../services/runtime/keys/signatures/signed-broker.ts'
import type { Broker, ConsumedRecord } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { readWhole } from '../../../../services/runtime/topics/read-topic.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { openConnectionLog } from '../../../../services/shared/connections/store.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import type { KeywordListRecord } from '../../../../services/shared/model/keyword-list.ts'
import { newToken, readTokens, writeToken } from '../../../../services/shared/tokens/store.ts'
import { issueKeysFor } from '../../../../services/tools/keys/issue.ts'
import { makeSecrets } from '../../../../services/tools/keys/prepare.ts'
import { rotateKeys } from '../../../../services/tools/keys/rotate.ts'
import { signRecords } from '../../../../services/tools/keys/sign-records.ts'
import { signedTables } from '../../../../services/tools/keys/signed-state.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord, masterKey, noon, testKeyring } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'
import { ruleSet } from '../../../support/rules.ts'

const author = { via: 'cli', actor: 'ana' } as const
const otherKey = Buffer.alloc(32, 9).toString('base64')
const settingsOf = (current: string, ...previous: string[]): KeySettings => ({
  SIGNALS_MASTER_KEY: current,
  SIGNALS_MASTER_KEY_PREVIOUS: previous,
})
const list: KeywordListRecord = {
  listId: 'default',
  version: 1,
  createdAt: noon,
  entries: [],
  shadow: false,
  copyOf: null,
  author: null,
  checked: false,
}

/** An installation of an earlier version: nothing in its topics is signed. */
const open = async () => {
  await testKeyring()
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  const names = [...signedTables, 'connectionHistory' as const].map((table) => topics[table].name)
  await broker.createTopics(names.map((name) => ({ name, partitions: 1, config: {} })))
  const codec = await Codec.open(new MemoryRegistry())
  const tools = { broker, codec, clock: new FakeClock(noon) }
  const { token, record: tokenRecord } = newToken(
    { name: 'shop', tenantId: 'acme', accounts: null, scopes: ['ingest'] },
    'ana',
    noon,
  )
  await makeSecrets(settingsOf(masterKey), tools, true)
  // As an earlier version left it.
  for (const log of cluster.topics.get(topics.dataSecrets.name)?.logs ?? [])
    log.splice(0, log.length, ...log.map((record) => ({ ...record, headers: {} })))
  const producer = await broker.producer()
  const old = connectionRecord({ revision: 3, changeId: 'c3', status: 'active' })
  await producer.send([{ topic: topics.connections.name, key: 'acme-wa', value: codec.encode('connections', old) }])
  await writeToken(producer, codec, tokenRecord)
  await writeList(broker, codec, list)
  await writeRuleSet(broker, codec, ruleSet())
  const mark = { source: 'whatsapp', connectionId: 'acme-wa', suppressedAt: noon, actor: 'ana' }
  const forgotten = { topic: topics.suppressions.name, key: 'forgotten', value: codec.encode('suppressions', mark) }
  await producer.send([forgotten])

  const sign = (settings = settingsOf(masterKey)) => signRecords(settings, tools, author)
  /** What a process of these keys takes from a topic, from its beginning. */
  const readAs = async (settings: KeySettings = settingsOf(masterKey)) => {
    const refused: string[] = []
    const onRefused = ({ record, reason }: { record: ConsumedRecord; reason: string }) =>
      void refused.push(`${record.topic} ${record.key} ${reason}`)
    const keys = await readKeys(settings, { broker, codec, onRefused })
    const signed: Broker = signedBroker(broker, { signing: async () => keys.signing, onRefused })
    const directory = new ConnectionDirectory()
    await readWhole(signed, topics.connections.name, async (record) => {
      directory.apply(record.key as string, record.value && codec.decode('connections', record))
    })
    const lists: string[] = []
    await readWhole(signed, topics.keywordLists.name, ({ key }) => void lists.push(key as string))
    const sets: string[] = []
    await readWhole(signed, topics.ruleSets.name, ({ key }) => void sets.push(key as string))
    const marks = new Set<string>()
    await readWhole(signed, topics.suppressions.name, ({ key, value }) => {
      if (value === null) marks.delete(key as string)
      else marks.add(key as string)
    })
    const pairs = keys.commonPairs.all().map(({ id }) => id)
    return { keys, signed, directory, lists, sets, marks, tokens: await readTokens(signed, codec), pairs, refused }
  }
  const append = (topic: string, key: string, value: Buffer | null, headers = {}) =>
    producer.send([{ topic, key, value, headers }])
  const logOf = (topic: string) => cluster.records(topic)
  return { cluster, codec, tools, broker, token, tokenRecord, old, sign, readAs, append, logOf }
}

describe('before the latch', () => {
  it('what an earlier version wrote counts, beside what is signed', async () => {
    const { readAs, codec } = await open()
    const { signed, ...before } = await readAs()
    expect(before.directory.byId('acme-wa')).toMatchObject({ revision: 3 })
    expect([before.lists, before.tokens.length, before.pairs.length]).toEqual([['default@1'], 1, 1])
    const log = await openConnectionLog(signed, codec, new FakeClock(noon))
    await log.writer.change(
      'acme-wa',
      (current) => ({ ...(current as ConnectionRecord), status: 'paused' }),
      { action: 'paused' },
      author,
    )
    await log.close()
    const after = await readAs()
    expect(after.directory.byId('acme-wa')).toMatchObject({ revision: 4, status: 'paused' })
    expect([before.refused, after.refused]).toEqual([[], []])
  })

  it('an earlier version reads what is signed', async () => {
    const { sign, broker, codec } = await open()
    await sign()
    const log = await openConnectionLog(broker, codec)
    expect(log.directory.byId('acme-wa')).toMatchObject({ status: 'active' })
    await log.close()
    expect(await readTokens(broker, codec)).toHaveLength(1)
  })

  it('a signature that is wrong is refused all the same', async () => {
    const { old, codec, sign, logOf } = await open()
    await sign()
    const { headers } = logOf(topics.connections.name).at(-1) as ConsumedRecord
    const world = await open()
    const forged = codec.encode('connections', { ...old, revision: 9, eventSetId: 'theirs' })
    await world.append(topics.connections.name, 'acme-wa', forged, headers)
    const { directory, refused } = await world.readAs()
    expect(directory.byId('acme-wa')?.revision).toBe(3)
    expect(refused).toEqual(['connections.v1 acme-wa invalid'])
  })
})

describe('signing what is there', () => {
  it('changes nothing but the signatures, once, and no process calls the old records an alarm', async () => {
    const { sign, readAs, cluster } = await open()
    const before = await readAs()
    expect(await sign()).toEqual({ signed: 7, refused: [] })
    const { keys, directory, lists, tokens, pairs, refused } = await readAs()
    expect(refused).toEqual([])
    expect(keys.signing.judge.isLatched).toBe(true)
    const { revision, changeId, ...rest } = directory.byId('acme-wa') as ConnectionRecord
    expect(revision).toBe(4)
    expect(before.directory.byId('acme-wa')).toMatchObject(rest)
    expect([new Set(lists), tokens, pairs]).toEqual([new Set(before.lists), before.tokens, before.pairs])
    const size = () => signedTables.map((table) => cluster.records(topics[table].name).length)
    const written = size()
    expect(await sign()).toEqual({ signed: 0, refused: [] })
    expect(size()).toEqual(written)
  })

  it('makes keys that refuse unsigned records, whatever the topic says', async () => {
    const { sign, readAs, tools, cluster, append } = await open()
    await sign()
    await append(topics.suppressions.name, 'forgotten', null)
    const issued = await issueKeysFor(keyHolders, settingsOf(masterKey), tools)
    // Compaction has removed the latch after another program's tombstone.
    for (const log of cluster.topics.get(topics.dataSecrets.name)?.logs ?? [])
      log.splice(0, log.length, ...log.filter(({ key }) => key !== 'signed-records'))
    const { marks, refused } = await readAs({ SIGNALS_KEYS: issued.control, SIGNALS_MASTER_KEY_PREVIOUS: [] })
    expect(refused).toContain('suppressions.v1 forgotten unsigned')
    expect(marks).toEqual(new Set(['forgotten']))
  })

  it('survives a replacement of the master key, after which the old key is not needed', async () => {
    const { sign, readAs, tools } = await open()
    await sign()
    const both = settingsOf(otherKey, masterKey)
    await rotateKeys(both, tools, author)
    for (const settings of [both, settingsOf(otherKey)]) {
      const { directory, lists, tokens, pairs, refused } = await readAs(settings)
      expect(refused).toEqual([])
      expect(directory.byId('acme-wa')?.status).toBe('active')
      expect([new Set(lists).size, tokens.length, pairs.length]).toEqual([1, 1, 1])
    }
  })
})

describe('behind the latch', () => {
  const forgeries: Record<
    (typeof signedTables)[number],
    (world: Awaited<ReturnType<typeof open>>) => [string, Buffer]
  > = {
    connections: ({ codec, old }) => [
      'acme-wa',
      codec.encode('connections', { ...old, revision: 99, changeId: 'x', eventSetId: 'theirs' }),
    ],
    keywordLists: ({ codec }) => ['default@2', codec.encode('keywordLists', { ...list, version: 2 })],
    ruleSets: ({ codec }) => ['default@2', codec.encode('ruleSets', { ...ruleSet(), version: 2 })],
    tokens: ({ codec, tokenRecord }) => [
      tokenRecord.tokenId,
      codec.encode('tokens', { ...tokenRecord, tenantId: null, scopes: ['admin'] }),
    ],
    dataSecrets: ({ codec }) => [
      'envelope-pair/theirs',
      codec.encode('dataSecrets', {
        ...{ revision: 1, keyId: '0'.repeat(16), sealed: Buffer.alloc(0), changedAt: noon + 1 },
        ...{ publicKey: Buffer.alloc(32, 7), signedUpTo: null },
      }),
    ],
    suppressions: ({ codec }) => [
      'theirs',
      codec.encode('suppressions', { source: 'whatsapp', connectionId: null, suppressedAt: noon, actor: 'x' }),
    ],
  }
  const seen = async ({ readAs }: Awaited<ReturnType<typeof open>>) => {
    const { directory, lists, sets, marks, tokens, pairs, refused } = await readAs()
    return { state: [directory.all(), new Set(lists), new Set(sets), tokens, pairs, marks], refused }
  }

  it.each(signedTables)('a forged record of %s changes nothing and is reported', async (table) => {
    const world = await open()
    await world.sign()
    const before = await seen(world)
    const [key, value] = forgeries[table](world)
    const { name } = topics[table]
    await world.append(name, key, value)
    await world.append(name, key, null)
    // With the signature of another record.
    const other = world.logOf(name).find(({ headers }) => headers.signature)
    await world.append(name, key, value, other?.headers)
    const after = await seen(world)
    expect(after.state).toEqual(before.state)
    expect(after.refused).toEqual([`${name} ${key} unsigned`, `${name} ${key} unsigned`, `${name} ${key} invalid`])
  })

  it.each(signedTables)(
    'signing again puts the valid record of %s last, so that compaction keeps it',
    async (table) => {
      const world = await open()
      await world.sign()
      const before = await seen(world)
      const { name } = topics[table]
      const keys = new Set(world.logOf(name).map(({ key }) => key as string))
      for (const key of keys) await world.append(name, key, Buffer.from('forged'))
      const { refused } = await world.sign()
      expect(refused).toHaveLength(keys.size)
      // What compaction leaves.
      for (const logs of world.cluster.topics.values())
        for (const log of logs.logs) {
          const last = new Map(log.map((record) => [record.key, record]))
          log.splice(0, Number.POSITIVE_INFINITY, ...last.values())
        }
      const after = await seen(world)
      expect(after.refused).toEqual([])
      expect(after.state).toMatchObject(before.state.map((part, at) => (at === 0 ? [{ status: 'active' }] : part)))
    },
  )

  it('nobody lifts the mark of a person who was forgotten', async () => {
    const { sign, readAs, append } = await open()
    await sign()
    await append(topics.suppressions.name, 'forgotten', null)
    const { marks, refused } = await readAs()
    expect(marks).toEqual(new Set(['forgotten']))
    expect(refused).toEqual(['suppressions.v1 forgotten unsigned'])
  })

  it('a mark counts that was made before marks were signed, until it is signed too', async () => {
    const { cluster, codec, sign, readAs, append, logOf } = await open()
    const [unsigned] = logOf(topics.suppressions.name)
    await sign()
    // As the version before left it: a latch that does not name the topic.
    const signing = signedBroker(cluster.open(), {
      signing: async () => (await readAs()).keys.signing,
      onRefused: () => {},
    })
    const producer = await signing.producer()
    const latch = codec.decode(
      'dataSecrets',
      logOf(topics.dataSecrets.name).findLast(({ key }) => key === 'signed-records') as ConsumedRecord,
    )
    const { [topics.suppressions.name]: _none, ...signedUpTo } = latch.signedUpTo as Record<string, number>
    await producer.send([
      {
        topic: topics.dataSecrets.name,
        key: 'signed-records',
        value: codec.encode('dataSecrets', { ...latch, revision: latch.revision + 1, signedUpTo }),
      },
    ])
    for (const log of cluster.topics.get(topics.suppressions.name)?.logs ?? []) log.splice(0, log.length)
    await append(topics.suppressions.name, 'forgotten', unsigned?.value ?? null)
    expect((await readAs()).marks).toEqual(new Set(['forgotten']))
    expect(await sign()).toEqual({ signed: 1, refused: [] })
    await append(topics.suppressions.name, 'forgotten', null)
    const { marks, refused } = await readAs()
    expect([marks, refused]).toEqual([new Set(['forgotten']), ['suppressions.v1 forgotten unsigned']])
  })

  it('an old signed record brings back neither a disconnected connection nor a revoked token', async () => {
    const { sign, readAs, codec, append, logOf, tokenRecord } = await open()
    await sign()
    const { signed } = await readAs()
    const log = await openConnectionLog(signed, codec, new FakeClock(noon))
    const end = (current: ConnectionRecord | undefined): ConnectionRecord => ({
      ...(current as ConnectionRecord),
      status: 'disconnected',
      accessToken: null,
    })
    await log.writer.change('acme-wa', end, { action: 'disconnected' }, author)
    await log.close()
    await writeToken(await signed.producer(), codec, { ...tokenRecord, revokedAt: noon, revokedBy: 'ana' })
    for (const topic of [topics.connections.name, topics.tokens.name])
      for (const { key, value, headers } of logOf(topic)) await append(topic, key as string, value, headers)
    const { directory, tokens } = await readAs()
    expect(directory.byId('acme-wa')).toMatchObject({ status: 'disconnected', accessToken: null })
    expect(tokens.map(({ revokedAt }) => revokedAt)).toEqual([noon])
  })
})
