/** The installation's data secret: read before anything is sealed or named, followed for a new master key, made once. */
import type { DataSecretRecord } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import { ConfigError, fields } from '../config.ts'
import type { Health } from '../health/health.ts'
import type { Broker, Clock, ConsumedRecord } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { readWhole } from '../topics/read-topic.ts'
import { Keyring, MasterKeyUnknown, type SealedDataSecret } from './keyring.ts'

export const masterKeyFields = {
  SIGNALS_MASTER_KEY: fields.SIGNALS_MASTER_KEY,
  SIGNALS_MASTER_KEY_PREVIOUS: fields.SIGNALS_MASTER_KEY_PREVIOUS,
}

export interface MasterKeySettings {
  readonly SIGNALS_MASTER_KEY: string
  readonly SIGNALS_MASTER_KEY_PREVIOUS: readonly string[]
}

interface Tools {
  readonly broker: Broker
  readonly codec: Codec
}

const { name: topic } = topics.dataSecrets
const recordKey = 'data-secret'

/** Of two records of one revision the first counts, as with connections. */
const newer = (codec: Codec, onSecret: (record: DataSecretRecord) => void) => {
  let revision = 0
  return async (record: ConsumedRecord): Promise<void> => {
    if (record.key !== recordKey || record.value === null) return
    await codec.prepare([record])
    const value = codec.decode('dataSecrets', record)
    if (value.revision <= revision) return
    revision = value.revision
    onSecret(value)
  }
}

/** null: this installation has none of its own, its ids derive from its first master key. @throws DependencyError */
export const readDataSecret = async ({ broker, codec }: Tools): Promise<DataSecretRecord | null> => {
  let found: DataSecretRecord | null = null
  const take = newer(codec, (record) => {
    found = record
  })
  await readWhole(broker, topic, take)
  return found
}

const opened = async (settings: MasterKeySettings, dataSecret: SealedDataSecret | null): Promise<Keyring> => {
  try {
    return await Keyring.open(settings.SIGNALS_MASTER_KEY, {
      previous: settings.SIGNALS_MASTER_KEY_PREVIOUS,
      dataSecret: dataSecret ?? undefined,
    })
  } catch (error) {
    if (error instanceof MasterKeyUnknown || error instanceof RangeError) throw new ConfigError(error.message)
    throw error
  }
}

/** The keyring as of now, for a command. @throws ConfigError, DependencyError */
export const readKeyring = async (settings: MasterKeySettings, tools: Tools): Promise<Keyring> =>
  opened(settings, await readDataSecret(tools))

/** Ends the process by an error that its lifecycle tells: nobody awaits what a follower meets. */
export const endProcess = (error: Error): void =>
  queueMicrotask(() => {
    throw error
  })

/**
 * The keyring of a process that runs: it takes a new master key into force when `signals keys rotate` says so.
 * @param onTrouble the process cannot go on: the new key is not one it was given
 * @throws ConfigError, DependencyError
 */
export const followKeyring = async (
  settings: MasterKeySettings,
  tools: Tools & {
    readonly health: Pick<Health, 'table' | 'keys'>
    readonly onTrouble: (error: Error) => void
  },
): Promise<{ keyring: Keyring; stop(): Promise<void> }> => {
  let latest: DataSecretRecord | null = null
  let keyring: Keyring | null = null
  const take = newer(tools.codec, (record) => {
    latest = record
    try {
      keyring?.adopt(record)
    } catch (error) {
      const known = error instanceof MasterKeyUnknown || error instanceof RangeError
      tools.onTrouble(known ? new ConfigError(error.message) : (error as Error))
    }
  })
  const following = await tools.broker.follow([topic], take, (topic, partition, next) =>
    tools.health.table(topic, partition, next),
  )
  keyring = await opened(settings, latest)
  tools.health.keys(keyring.masterKeys)
  return { keyring, stop: () => following.stop() }
}

const write = async ({ broker, codec }: Tools, record: DataSecretRecord) => {
  const producer = await broker.producer()
  try {
    await producer.send([{ topic, key: recordKey, value: codec.encode('dataSecrets', record) }])
  } finally {
    await producer.close()
  }
}

/**
 * Seals the data secret under the current master key, which is in force from then on; an installation without one gets one.
 * Written until it is what everybody reads: of two that are written at once the first counts, and must also be what compaction keeps.
 * @param fresh the installation holds nothing yet: the secret is drawn, not derived from a master key
 * @throws ConfigError, DependencyError
 */
export const sealDataSecret = async (
  settings: MasterKeySettings,
  tools: Tools,
  options: { readonly fresh?: boolean; readonly onlyIfMissing?: boolean; readonly clock?: Pick<Clock, 'now'> } = {},
): Promise<DataSecretRecord> => {
  const { now } = options.clock ?? Date
  for (;;) {
    const before = await readDataSecret(tools)
    if (before && options.onlyIfMissing) return before
    const keyring = await opened(settings, before)
    if (before && before.keyId === keyring.masterKeys[0]) return before
    const { keyId, sealed } = keyring.sealDataSecret(!before && options.fresh)
    const mine = {
      revision: (before?.revision ?? 0) + 1,
      keyId,
      sealed: Buffer.from(sealed),
      changedAt: now(),
    }
    await write(tools, mine)
    const winner = (await readDataSecret(tools)) as DataSecretRecord
    if (winner.sealed.equals(mine.sealed)) return mine
    await write(tools, { ...winner, revision: winner.revision + 1, changedAt: now() })
  }
}
