/**
 * The secrets of the installation: the data secret, created once and followed for master-key rotations, and the key pairs of the
 * pipeline itself.
 */
import type { DataSecretRecord } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import { ConfigError } from '../config.ts'
import type { Health } from '../health/health.ts'
import type { Clock } from '../ports.ts'
import { IssuedKeys } from './issued-keys.ts'
import type { KeyHolder } from './key-holders.ts'
import { type KeySettings, openKeySource } from './key-settings.ts'
import { Keyring, SealBroken } from './keyring.ts'
import type { CommonPairs } from './secrets/common-pairs.ts'
import { dataSecretKey, readSecretsTopic, SecretsTable, type SecretTools } from './secrets/secrets-topic.ts'
import { latchOf, RecordJudge } from './signatures/record-judge.ts'
import { RecordKeys } from './signatures/record-keys.ts'
import { signedRecord } from './signatures/signature.ts'
import type { Signing } from './signatures/signed-broker.ts'
import { isWrappedUnder, KeyMissing, type KeySource, MasterKeyUnknown } from './wrapping.ts'

const { name: topic } = topics.dataSecrets

const judgeOf = (source: KeySource): RecordJudge => {
  const covered = source instanceof IssuedKeys ? source.covered : null
  return new RecordJudge(new RecordKeys(source), covered && latchOf(covered))
}

/**
 * Without keys, so that signatures are not verified.
 * @returns null: an old installation whose ids derive from its first master key. @throws DependencyError
 */
export const readDataSecret = async (tools: SecretTools): Promise<DataSecretRecord | null> =>
  (await readSecretsTopic(tools, null)).dataSecret

/** Nothing opens the secret with these keys, or it has changed: a setting is wrong. */
const asConfigError = (error: unknown): unknown =>
  error instanceof SealBroken || error instanceof RangeError ? new ConfigError(error.message) : error

/** @throws ConfigError */
const keyringOf = (
  source: KeySource,
  { dataSecret, refusedSecret }: Pick<SecretsTable, 'dataSecret' | 'refusedSecret'>,
): Keyring => {
  // Without this, ids would derive from the master key, and everything would count as new.
  if (dataSecret === null && refusedSecret !== null) {
    const { signedUnder: keyId } = refusedSecret
    const isUnknown = keyId !== null && !source.ids.includes(keyId)
    throw new ConfigError(
      isUnknown
        ? new MasterKeyUnknown(keyId, source).message
        : `${topic} holds a data secret that this pipeline has not signed, and no other: restore the topic from a backup`,
    )
  }
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

const signingOf = (source: KeySource, judge: RecordJudge, keyring: Keyring): Signing => ({
  keys: new RecordKeys(source),
  judge,
  activeKeyId: () => keyring.activeKeyId,
})

/** The current keys, for a command. @throws ConfigError, DependencyError */
export const readKeys = async (settings: KeySettings, tools: SecretTools): Promise<Keys> => {
  const source = await openKeySource(settings, null)
  const judge = judgeOf(source)
  const secrets = await readSecretsTopic(tools, judge)
  const keyring = keyringOf(source, secrets)
  return { keyring, commonPairs: secrets.commonPairs, signing: signingOf(source, judge, keyring) }
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
    /** Of the process, that takes further keys; unset: none. */
    readonly keyOption?: string | undefined
    readonly health: Pick<Health, 'table' | 'keys'>
    readonly onError: (error: Error) => void
  },
): Promise<Keys & { stop(): Promise<void> }> => {
  const source = await openKeySource(settings, tools.holder, tools.keyOption)
  const judge = judgeOf(source)
  let keyring: Keyring | null = null
  const onDataSecret = (value: DataSecretRecord) => {
    try {
      keyring?.adopt(value)
    } catch (error) {
      tools.onError(asConfigError(error) as Error)
    }
  }
  const secrets = new SecretsTable(tools, judge, onDataSecret)
  const following = await tools.broker.follow(
    [topic],
    (record) => secrets.take(record),
    (topic, partition, next) => tools.health.table(topic, partition, next),
  )
  await secrets.complete()
  keyring = keyringOf(source, secrets)
  tools.health.keys(keyring.masterKeys)
  const signing = signingOf(source, judge, keyring)
  return { keyring, commonPairs: secrets.commonPairs, signing, stop: () => following.stop() }
}

/** @param keyIds of the master keys to sign under, one record each */
const write = async (
  { broker, codec }: SecretTools,
  record: DataSecretRecord,
  keyIds: readonly string[],
  keys: RecordKeys,
) => {
  const unsigned = { topic, key: dataSecretKey, value: codec.encode('dataSecrets', record) }
  const records = keyIds.map((keyId) => {
    const key = keys.private('records', keyId)
    if (key === null) throw new KeyMissing('the keys of this process do not sign records')
    return signedRecord(unsigned, keyId, key)
  })
  const producer = await broker.producer()
  try {
    await producer.send(records)
  } finally {
    await producer.close()
  }
}

/**
 * Wraps the data secret under the current master key, which becomes the active one; creates the secret if there is none. Of two records
 * written concurrently the first counts, but compaction keeps the last. So the loser writes the winner's record again.
 * @param options.fresh the installation has no data, so the secret is random instead of derived from a master key
 * @param options.onlyIfMissing an existing one stays as it is, also in the form of an earlier version
 * @param options.sameKey an existing one keeps its master key, and gets the present form
 * @throws ConfigError, DependencyError
 */
export const sealDataSecret = async (
  settings: KeySettings,
  tools: SecretTools,
  options: {
    readonly fresh?: boolean
    readonly onlyIfMissing?: boolean
    readonly sameKey?: boolean
    readonly clock?: Pick<Clock, 'now'>
  } = {},
): Promise<DataSecretRecord> => {
  const { now } = options.clock ?? Date
  const source = await openKeySource(settings, null)
  const keys = new RecordKeys(source)
  const read = () => readSecretsTopic(tools, judgeOf(source))
  for (;;) {
    const table = await read()
    const keyring = keyringOf(source, table)
    const { dataSecret: before } = table
    if (before && options.onlyIfMissing) return before
    const wanted = before && options.sameKey ? before.keyId : (source.ids[0] as string)
    if (before && isWrappedUnder(before.sealed, wanted)) return before
    const { keyId, sealed } = keyring.sealDataSecret(!before && options.fresh, wanted)
    const mine = {
      revision: (before?.revision ?? 0) + 1,
      keyId,
      sealed: Buffer.from(sealed),
      changedAt: now(),
      publicKey: null,
      signedUpTo: null,
    }
    // A process that lacks the new key learns from the first that it needs it; the second outlives the key before.
    const signers = [...new Set([before?.keyId ?? keyId, keyId])]
    await write(tools, mine, signers, keys)
    const winner = (await read()).dataSecret as DataSecretRecord
    if (winner.sealed.equals(mine.sealed)) return mine
    await write(tools, { ...winner, revision: winner.revision + 1, changedAt: now() }, signers, keys)
  }
}
