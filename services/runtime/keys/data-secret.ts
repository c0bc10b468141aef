/**
 * The secrets of the installation: the data secret, created once and followed for master-key rotations, and the key pairs of the
 * pipeline itself.
 */
import type { DataSecretRecord } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import { ConfigError } from '../config.ts'
import type { Health } from '../health/health.ts'
import type { Broker, Clock, ConsumedRecord } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import { readWhole } from '../topics/read-topic.ts'
import { CommonPairs } from './common-pairs.ts'
import { IssuedKeys } from './issued-keys.ts'
import type { KeyHolder } from './key-holders.ts'
import { type KeySettings, openKeySource } from './key-settings.ts'
import { Keyring, SealBroken, type SealedDataSecret } from './keyring.ts'
import { RecordJudge } from './signatures/record-judge.ts'
import { RecordKeys } from './signatures/record-keys.ts'
import type { Signing } from './signatures/signed-broker.ts'
import { isWrappedUnder, type KeySource } from './wrapping.ts'

interface SecretTools {
  readonly broker: Broker
  readonly codec: Codec
}

const { name: topic } = topics.dataSecrets
const recordKey = 'data-secret'

/** What `data-secrets.v1` holds. */
class Secrets {
  /** null: an old installation whose ids derive from its first master key. */
  dataSecret: DataSecretRecord | null = null
  readonly commonPairs = new CommonPairs()

  /** Ignores records without a higher revision: of two with the same one, the first counts, as with connections. */
  async take(record: ConsumedRecord, codec: Codec, onDataSecret: (value: DataSecretRecord) => void = () => {}) {
    if (record.key === null) return
    await codec.prepare([record])
    const value = record.value === null ? null : codec.decode('dataSecrets', record)
    this.commonPairs.apply(record.key, value)
    if (record.key !== recordKey || value === null || value.revision <= (this.dataSecret?.revision ?? 0)) return
    this.dataSecret = value
    onDataSecret(value)
  }
}

const readSecretsTopic = async ({ broker, codec }: SecretTools): Promise<Secrets> => {
  const secrets = new Secrets()
  await readWhole(broker, topic, (record) => secrets.take(record, codec))
  return secrets
}

/** null: an old installation whose ids derive from its first master key. @throws DependencyError */
export const readDataSecret = async (tools: SecretTools): Promise<DataSecretRecord | null> =>
  (await readSecretsTopic(tools)).dataSecret

/** Nothing opens the secret with these keys, or it has changed: a setting is wrong. */
const asConfigError = (error: unknown): unknown =>
  error instanceof SealBroken || error instanceof RangeError ? new ConfigError(error.message) : error

/** @throws ConfigError */
const keyringOf = (source: KeySource, dataSecret: SealedDataSecret | null): Keyring => {
  if (dataSecret === null && source instanceof IssuedKeys && source.holds('data-secret'))
    throw new ConfigError(`${topic} holds no data secret: run \`signals topics apply\` with the master key first`)
  try {
    return Keyring.of(source, dataSecret ?? undefined)
  } catch (error) {
    throw asConfigError(error)
  }
}

export interface Keys {
  readonly keyring: Keyring
  readonly commonPairs: CommonPairs
  /** For a signed broker. */
  readonly signing: Signing
}

const signingOf = (source: KeySource, keyring: Keyring): Signing => {
  const keys = new RecordKeys(source)
  return { keys, judge: new RecordJudge(keys), activeKeyId: () => keyring.activeKeyId }
}

/** The current keys, for a command. @throws ConfigError, DependencyError */
export const readKeys = async (settings: KeySettings, tools: SecretTools): Promise<Keys> => {
  const source = await openKeySource(settings, null)
  const { dataSecret, commonPairs } = await readSecretsTopic(tools)
  const keyring = keyringOf(source, dataSecret)
  return { keyring, commonPairs, signing: signingOf(source, keyring) }
}

/** @throws ConfigError, DependencyError */
export const readKeyring = async (settings: KeySettings, tools: SecretTools): Promise<Keyring> =>
  (await readKeys(settings, tools)).keyring

/** Rethrows asynchronously so that main logs the error and exits: a follower has no caller to throw to. */
export const endProcess = (error: Error): void =>
  queueMicrotask(() => {
    throw error
  })

/**
 * The keys of a running process. The keyring switches to a new master key when `signals keys rotate` has run.
 * @param onError called when the process must end, because the new master key is not configured
 * @throws ConfigError, DependencyError
 */
export const followKeyring = async (
  settings: KeySettings,
  tools: SecretTools & {
    readonly holder: KeyHolder
    readonly health: Pick<Health, 'table' | 'keys'>
    readonly onError: (error: Error) => void
  },
): Promise<Keys & { stop(): Promise<void> }> => {
  const source = await openKeySource(settings, tools.holder)
  const secrets = new Secrets()
  let keyring: Keyring | null = null
  const onDataSecret = (value: DataSecretRecord) => {
    try {
      keyring?.adopt(value)
    } catch (error) {
      tools.onError(asConfigError(error) as Error)
    }
  }
  const following = await tools.broker.follow(
    [topic],
    (record) => secrets.take(record, tools.codec, onDataSecret),
    (topic, partition, next) => tools.health.table(topic, partition, next),
  )
  keyring = keyringOf(source, secrets.dataSecret)
  tools.health.keys(keyring.masterKeys)
  const signing = signingOf(source, keyring)
  return { keyring, commonPairs: secrets.commonPairs, signing, stop: () => following.stop() }
}

const write = async ({ broker, codec }: SecretTools, record: DataSecretRecord) => {
  const producer = await broker.producer()
  try {
    await producer.send([{ topic, key: recordKey, value: codec.encode('dataSecrets', record) }])
  } finally {
    await producer.close()
  }
}

/**
 * Wraps the data secret under the current master key, which becomes the active one; creates the secret if there is none. With
 * `onlyIfMissing` an existing one keeps its key, and changes only from the form of an earlier version to the present one. Of two records
 * written concurrently the first counts, but compaction keeps the last. So the loser writes the winner's record again.
 * @param options.fresh the installation has no data, so the secret is random instead of derived from a master key
 * @throws ConfigError, DependencyError
 */
export const sealDataSecret = async (
  settings: KeySettings,
  tools: SecretTools,
  options: { readonly fresh?: boolean; readonly onlyIfMissing?: boolean; readonly clock?: Pick<Clock, 'now'> } = {},
): Promise<DataSecretRecord> => {
  const { now } = options.clock ?? Date
  const source = await openKeySource(settings, null)
  for (;;) {
    const before = await readDataSecret(tools)
    const keyring = keyringOf(source, before)
    const wanted = before && options.onlyIfMissing ? before.keyId : (source.ids[0] as string)
    if (before && isWrappedUnder(before.sealed, wanted)) return before
    const { keyId, sealed } = keyring.sealDataSecret(!before && options.fresh, wanted)
    const mine = {
      revision: (before?.revision ?? 0) + 1,
      keyId,
      sealed: Buffer.from(sealed),
      changedAt: now(),
      publicKey: null,
    }
    await write(tools, mine)
    const winner = (await readDataSecret(tools)) as DataSecretRecord
    if (winner.sealed.equals(mine.sealed)) return mine
    await write(tools, { ...winner, revision: winner.revision + 1, changedAt: now() })
  }
}
