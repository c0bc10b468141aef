import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sodium from 'libsodium-wrappers'
import { allTopics } from '../../../../services/derived-topics.ts'
import { MasterKeys } from '../../../../services/runtime/keys/master-keys.ts'
import type { Broker, ConsumedRecord } from '../../../../services/runtime/ports.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { touchesRecordOf } from '../../../../services/shared/conversations/record.ts'
import { emptyState } from '../../../../services/shared/conversations/state.ts'
import { backUp } from '../../../../services/tools/backup/back-up.ts'
import { backedUpTopics } from '../../../../services/tools/backup/contents.ts'
import { type BackupManifest, readManifest } from '../../../../services/tools/backup/manifest.ts'
import { openBackup } from '../../../../services/tools/backup/open-backup.ts'
import { restoreBackup } from '../../../../services/tools/backup/restore.ts'
import { restoreSchemas } from '../../../../services/tools/backup/schema-ids.ts'
import { applyTopics, planTopics } from '../../../../services/tools/topics/provision.ts'
import { topics } from '../../../../services/topology.ts'
import { masterKey } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'
import { signingBroker } from '../../../support/signing-broker.ts'

const { touches, keywordLists, audit, suppressions } = topics
const placement = { replication: null, minInsync: null, partitions: 6 }

const folders: string[] = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-backup-'))
  folders.push(folder)
  return folder
}

beforeAll(() => sodium.ready)
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A cluster with 12,000 states of conversations, a signed keyword list, and a journal of 5,100 entries. */
const filled = async () => {
  const cluster = new MemoryCluster()
  const broker = cluster.open()
  await applyTopics(broker, planTopics([], allTopics, placement), placement)
  const registry = new MemoryRegistry()
  const codec = await Codec.open(registry)
  const producer = await signingBroker(broker).producer()
  const states = Array.from({ length: 12_000 }, (_, n) => ({
    topic: touches.name,
    key: `conversation-${n}`,
    value:
      n % 100 === 0
        ? null
        : codec.encode('touches', touchesRecordOf(`conversation-${n}`, { ...emptyState, version: n }, 'shop')),
  }))
  await producer.send(states)
  const entry = (at: number) =>
    ({ at, actor: 'a', via: 'cli', action: 'x', target: null, tenant: null, outcome: 'allowed', note: null }) as const
  await producer.send(
    Array.from({ length: 5_100 }, (_, n) => ({ topic: audit.name, key: 'x', value: codec.encode('audit', entry(n)) })),
  )
  await producer.send([{ topic: keywordLists.name, key: 'default', value: Buffer.from([0, 0, 0, 0, 99, 1]) }])
  return { cluster, broker, registry, codec, keys: new MasterKeys(masterKey, []) }
}
type Filled = Awaited<ReturnType<typeof filled>>

const backedUp = async (
  { broker, registry, keys }: Pick<Filled, 'broker' | 'registry' | 'keys'>,
  folder = newFolder(),
  now = () => 1_000,
) => {
  const shares: number[] = []
  const manifest = await backUp(folder, {
    ...{ broker, registry, keys, clock: { now } },
    onProgress: ({ share }) => shares.push(share),
  })
  return { folder, manifest, shares }
}

/** A broker that ends after so many records that it read or wrote. */
const endingAfter = (broker: Broker, records: number): Broker => {
  let left = records
  const spend = (count: number) => {
    left -= count
    if (left < 0) throw new Error('killed')
  }
  return {
    ...broker,
    offsetsAt: (...args) => broker.offsetsAt(...args),
    listTopics: () => broker.listTopics(),
    createTopics: (all) => broker.createTopics(all),
    alterConfig: (...args) => broker.alterConfig(...args),
    deleteTopics: (all) => broker.deleteTopics(all),
    read: (topic, ranges, onRecords) =>
      broker.read(topic, ranges, async (part) => {
        spend(part.length)
        await onRecords(part)
      }),
    producer: async () => {
      const producer = await broker.producer()
      return {
        close: () => producer.close(),
        send: async (all) => {
          for (const record of all) {
            spend(1)
            await producer.send([record])
          }
        },
      }
    },
  }
}

const restored = async (
  folder: string,
  into: { cluster: MemoryCluster; registry: MemoryRegistry; broker?: Broker },
  { overwrite = false, only }: { overwrite?: boolean; only?: readonly string[] } = {},
) => {
  const keys = new MasterKeys(masterKey, [])
  const backup = openBackup(folder, keys)
  const { topics: all } = backup.manifest
  const chosen = all.filter(({ name }) => only === undefined || only.includes(name))
  const broker = into.broker ?? into.cluster.open()
  return restoreBackup(
    backup,
    { folder, topics: chosen, overwrite },
    { broker, registry: into.registry, keys, placement, cluster: 'there', onProgress: () => {} },
  )
}

/** Values without their schema id, which is the registry's own. */
const lastByKey = (records: readonly ConsumedRecord[]) =>
  new Map(records.map(({ key, value }) => [key, value?.subarray(5).toString('hex') ?? null]))

/** Whether both have the same conversations: a whole difference would fill the log. */
const isSame = (one: MemoryCluster, other: MemoryCluster) => {
  const [left, right] = [one, other].map((cluster) => lastByKey(cluster.records(touches.name)))
  return left?.size === right?.size && [...(left ?? [])].every(([key, value]) => right?.get(key) === value)
}

describe('what a backup holds', () => {
  it('is everything that is compacted, and the two journals; the marks of forgotten persons last', () => {
    const names = backedUpTopics.map(({ name }) => name)
    expect(names).toEqual(
      expect.arrayContaining(allTopics.filter(({ cleanup }) => cleanup.includes('compact')).map(({ name }) => name)),
    )
    expect(names).toEqual(expect.arrayContaining([topics.audit.name, topics.connectionHistory.name]))
    expect(names).not.toContain(topics.channelEvents.name)
    expect(names.at(-1)).toBe(suppressions.name)
  })
})

describe('a backup', () => {
  it('comes back whole in an empty cluster, tombstones included, and shows its progress', async () => {
    const from = await filled()
    const { folder, shares } = await backedUp(from)
    const into = { cluster: new MemoryCluster(), registry: new MemoryRegistry() }
    const result = await restored(folder, into)
    expect(result).toMatchObject({ records: 17_101, resumed: false })
    expect(isSame(into.cluster, from.cluster)).toBe(true)
    expect(into.cluster.records(audit.name)).toHaveLength(5_100)
    expect(shares.filter((share) => share > 0 && share < 1).length).toBeGreaterThan(1)
  })

  it('holds no byte of a record in the open', async () => {
    const { folder } = await backedUp(await filled())
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file)))
    expect(files.length).toBeGreaterThan(4)
    expect(files.some((bytes) => bytes.includes('conversation-1'))).toBe(false)
  })

  it('gets the schema ids of the other registry, and its signed records a signature for them', async () => {
    const from = await filled()
    const producer = await signingBroker(from.broker).producer()
    const mark = { source: 'whatsapp', connectionId: null, suppressedAt: 7, actor: 'a' }
    const value = from.codec.encode('suppressions', mark)
    await producer.send([{ topic: suppressions.name, key: 'mark', value }])
    const { folder } = await backedUp(from)
    const into = { cluster: new MemoryCluster(), registry: new MemoryRegistry() }
    for (let n = 0; n < 40; n++) await into.registry.register('other', `"fixed-${n}"`)
    await restored(folder, into)
    const [written] = into.cluster.records(suppressions.name)
    expect(written?.value?.readInt32BE(1)).not.toBe(value.readInt32BE(1))
    const passedOn: ConsumedRecord[] = []
    const refused: unknown[] = []
    const judged = signingBroker(into.cluster.open(), masterKey, (refusal) => void refused.push(refusal), {})
    await judged.read(
      suppressions.name,
      [{ partition: 0, from: 0n, to: 1n }],
      (records) => void passedOn.push(...records),
    )
    expect([passedOn.length, refused.length]).toEqual([1, 0])
    const codec = await Codec.open(into.registry)
    await codec.prepare(passedOn)
    expect(codec.decode('suppressions', passedOn[0] as ConsumedRecord)).toEqual(mark)
  })

  it('goes on where it was interrupted, and reads nothing twice', async () => {
    const from = await filled()
    const folder = newFolder()
    await expect(backedUp({ ...from, broker: endingAfter(from.broker, 9_000) }, folder)).rejects.toThrow('killed')
    const begun = readManifest(folder) as BackupManifest
    const filesBefore = begun.topics.flatMap(({ chunks }) => chunks)
    expect(filesBefore.length).toBeGreaterThan(0)
    const { manifest } = await backedUp(from, folder)
    expect(manifest.id).toBe(begun.id)
    expect(manifest.topics.flatMap(({ chunks }) => chunks)).toEqual(expect.arrayContaining(filesBefore))
    expect(
      manifest.topics.find(({ name }) => name === touches.name)?.chunks.reduce((sum, { records }) => sum + records, 0),
    ).toBe(12_000)
  })

  it('begins a topic anew after half an hour, because Kafka may have dropped tombstones meanwhile', async () => {
    const from = await filled()
    const folder = newFolder()
    await expect(backedUp({ ...from, broker: endingAfter(from.broker, 9_000) }, folder)).rejects.toThrow('killed')
    const { manifest } = await backedUp(from, folder, () => 1_000 + 1_800_001)
    expect(manifest.topics.find(({ name }) => name === touches.name)?.startedAt).toBe(1_801_001)
    expect(readdirSync(folder).sort()).toEqual(
      ['manifest.json', ...manifest.topics.flatMap(({ chunks }) => chunks.map(({ file }) => file))].sort(),
    )
  })

  it('is not continued once it is complete, and not restored before', async () => {
    const from = await filled()
    const { folder } = await backedUp(from)
    await expect(backedUp(from, folder)).rejects.toThrow('complete backup')
    const open = newFolder()
    await expect(backedUp({ ...from, broker: endingAfter(from.broker, 9_000) }, open)).rejects.toThrow('killed')
    expect(() => openBackup(open, from.keys)).toThrow('unfinished backup')
  })
})

describe('schemas of a registry that was lost alone', () => {
  it('get the ids that records in Kafka name, in an empty registry', async () => {
    const from = await filled()
    const { folder } = await backedUp(from)
    const { manifest } = openBackup(folder, from.keys)
    const registry = new MemoryRegistry()
    expect(await restoreSchemas(manifest, registry)).toBe(manifest.schemas.length)
    for (const { id, schema } of manifest.schemas) expect(await registry.schemaById(id)).toBe(schema)
    const codec = await Codec.open(registry)
    const state = from.cluster.records(touches.name).find(({ value }) => value !== null) as ConsumedRecord
    await codec.prepare([state])
    expect(codec.decode('touches', state).conversation).toBe(state.key)
  })

  it('leave out ids that no schema has', async () => {
    const registry = new MemoryRegistry()
    const schemas = [2, 5].map((id) => ({
      id,
      topic: touches.name,
      schema: `{"type":"fixed","name":"A","size":${id}}`,
    }))
    expect(await restoreSchemas({ schemas }, registry)).toBe(2)
    for (const { id, schema } of schemas) expect(await registry.schemaById(id)).toBe(schema)
    const shared = [{ id: 100_001, topic: touches.name, schema: '"string"' }]
    await expect(restoreSchemas({ schemas: shared }, registry)).rejects.toThrow('with its own tool')
  })

  it('are refused by a registry that has given the ids to others', async () => {
    const from = await filled()
    const { folder } = await backedUp(from)
    const registry = new MemoryRegistry()
    await registry.register('other', '"string"')
    await expect(restoreSchemas(openBackup(folder, from.keys).manifest, registry)).rejects.toThrow(
      'with an empty registry',
    )
  })
})

describe('a folder that is not as it was made', () => {
  const whole = async () => (await backedUp(await filled())).folder
  const keys = () => new MasterKeys(masterKey, [])
  const verify = (folder: string) => {
    const backup = openBackup(folder, keys())
    backup.verify(backup.manifest.topics, () => {})
  }
  const fileOf = (folder: string, topic: string) => join(folder, `${topic}-00000.sealed`)
  const changeManifest = (folder: string, change: (manifest: BackupManifest) => void) => {
    const manifest = readManifest(folder) as BackupManifest
    change(manifest)
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  }

  it('is refused for one byte of a file', async () => {
    const folder = await whole()
    verify(folder)
    const bytes = readFileSync(fileOf(folder, touches.name))
    bytes[100] = (bytes[100] as number) ^ 1
    writeFileSync(fileOf(folder, touches.name), bytes)
    expect(() => verify(folder)).toThrow('another checksum')
  })

  it('is refused for a file that is missing, and for one that the table of contents leaves out', async () => {
    const folder = await whole()
    rmSync(fileOf(folder, audit.name))
    expect(() => verify(folder)).toThrow('is missing')
    changeManifest(folder, (manifest) => void manifest.topics.pop())
    expect(() => verify(folder)).toThrow('not as it was made')
  })

  it('is refused under another master key, which the message names', async () => {
    const folder = await whole()
    expect(() => openBackup(folder, new MasterKeys(Buffer.alloc(32, 9).toString('base64'), []))).toThrow(
      'SIGNALS_MASTER_KEY_PREVIOUS',
    )
  })
})

describe('a restore', () => {
  const emptied = () => ({ cluster: new MemoryCluster(), registry: new MemoryRegistry() })

  it('refuses a cluster that holds something, and leaves it as it is', async () => {
    const from = await filled()
    const { folder } = await backedUp(from)
    const before = from.cluster.records(touches.name).length
    await expect(restored(folder, from)).rejects.toThrow('nothing was changed: ')
    expect(from.cluster.records(touches.name)).toHaveLength(before)
  })

  it('deletes what is there when it is asked to', async () => {
    const { folder } = await backedUp(await filled())
    const into = await filled()
    const producer = await into.broker.producer()
    await producer.send([{ topic: touches.name, key: 'later', value: Buffer.from('x') }])
    await restored(folder, into, { overwrite: true })
    expect(lastByKey(into.cluster.records(touches.name)).has('later')).toBe(false)
    expect(into.cluster.records(touches.name)).toHaveLength(12_000)
  })

  it('brings one topic back that was deleted, beside the others', async () => {
    const from = await filled()
    const { folder } = await backedUp(from)
    await from.broker.deleteTopics([touches.name])
    await restored(folder, from, { only: [touches.name] })
    expect(from.cluster.records(touches.name)).toHaveLength(12_000)
    expect(from.cluster.records(audit.name)).toHaveLength(5_100)
  })

  it('goes on after it was killed anywhere, with the same result, and no entry of a journal twice', async () => {
    const from = await filled()
    const { folder } = await backedUp(from)
    for (const after of [1, 700, 5_003, 9_000, 12_500, 17_100]) {
      const into = emptied()
      const killed = endingAfter(into.cluster.open(), after)
      await expect(restored(folder, { ...into, broker: killed })).rejects.toThrow('killed')
      expect(await restored(folder, into)).toMatchObject({ resumed: true })
      expect(isSame(into.cluster, from.cluster)).toBe(true)
      expect(into.cluster.records(audit.name)).toHaveLength(5_100)
    }
  })

  it('does not take the notes of a run on another cluster for its own', async () => {
    const { folder } = await backedUp(await filled())
    const into = emptied()
    await expect(restored(folder, { ...into, broker: endingAfter(into.cluster.open(), 9_000) })).rejects.toThrow(
      'killed',
    )
    const notes = JSON.parse(readFileSync(join(folder, 'restore.json'), 'utf8'))
    writeFileSync(join(folder, 'restore.json'), JSON.stringify({ ...notes, cluster: 'elsewhere' }))
    await expect(restored(folder, into)).rejects.toThrow('nothing was changed')
  })
})
