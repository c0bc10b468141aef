/** A process' keys from its settings: the master key, or the keys issued for it. */
import sodium from 'libsodium-wrappers'
import { isWrappedByKms, type KmsKey, unwrapByKms, wrapByKms } from '../adapters/kms/index.ts'
import { KmsRefused, type KmsSettings, kmsFields } from '../adapters/kms/settings.ts'
import { ConfigError, fields } from '../config.ts'
import { IssuedKeys } from './issued-keys.ts'
import type { KeyHolder } from './key-holders.ts'
import { MasterKeys } from './master-keys.ts'
import type { KeySource } from './wrapping.ts'

export const keyFields = {
  SIGNALS_MASTER_KEY: fields.SIGNALS_MASTER_KEY,
  SIGNALS_MASTER_KEY_PREVIOUS: fields.SIGNALS_MASTER_KEY_PREVIOUS,
  SIGNALS_KEYS: fields.SIGNALS_KEYS,
  ...kmsFields,
}

/** With the settings of the key management service, where a master key is given wrapped. */
export interface KeySettings extends KmsSettings {
  readonly SIGNALS_MASTER_KEY?: string | undefined
  readonly SIGNALS_MASTER_KEY_PREVIOUS: readonly string[]
  readonly SIGNALS_KEYS?: string | undefined
}

/** Opened once a process: a command reads its keys several times. */
const unwrapped = new Map<string, string>()

/** A master key in base64. @throws KmsRefused, DependencyError */
const opened = async (key: string, settings: KmsSettings): Promise<string> => {
  if (!isWrappedByKms(key)) return key
  const known = unwrapped.get(key)
  if (known !== undefined) return known
  const plain = Buffer.from(await unwrapByKms(key, settings)).toString('base64')
  unwrapped.set(key, plain)
  return plain
}

/** @throws ConfigError without a master key, or for one that is malformed; DependencyError when the service that wrapped it is away */
export const openMasterKeys = async (settings: KeySettings): Promise<MasterKeys> => {
  const { SIGNALS_MASTER_KEY, SIGNALS_MASTER_KEY_PREVIOUS } = settings
  if (SIGNALS_MASTER_KEY === undefined)
    throw new ConfigError('SIGNALS_MASTER_KEY is not set: set it to the key of the pipeline (32 bytes in base64)')
  await sodium.ready
  try {
    const previous = await Promise.all(SIGNALS_MASTER_KEY_PREVIOUS.map((key) => opened(key, settings)))
    return new MasterKeys(await opened(SIGNALS_MASTER_KEY, settings), previous)
  } catch (error) {
    if (error instanceof RangeError || error instanceof KmsRefused) throw new ConfigError(error.message)
    throw error
  }
}

/** The current master key, wrapped by a service. It is opened again, so that what is printed surely works. @throws ConfigError, DependencyError */
export const wrapMasterKey = async (by: KmsKey, settings: KeySettings): Promise<string> => {
  await openMasterKeys(settings)
  const key = await opened(settings.SIGNALS_MASTER_KEY as string, settings)
  try {
    const wrapped = await wrapByKms(Buffer.from(key, 'base64'), by, settings)
    if ((await opened(wrapped, settings)) !== key) throw new KmsRefused('the service opens another key than it wrapped')
    return wrapped
  } catch (error) {
    if (error instanceof KmsRefused) throw new ConfigError(error.message)
    throw error
  }
}

/**
 * @param holder checks that issued keys are enough for this process; null: a command, which fails where it lacks one
 * @param option of the process, that takes further keys
 * @throws ConfigError
 */
export const openKeySource = async (
  settings: KeySettings,
  holder: KeyHolder | null,
  option?: string,
): Promise<KeySource> => {
  if (settings.SIGNALS_KEYS === undefined) return openMasterKeys(settings)
  await sodium.ready
  try {
    const issued = new IssuedKeys(settings.SIGNALS_KEYS)
    if (holder !== null) issued.requireKeysOf(holder, option)
    return issued
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(error.message)
    throw error
  }
}
