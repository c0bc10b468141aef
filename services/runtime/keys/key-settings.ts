/** A process' keys from its settings: the master key, or the keys issued for it. */
import sodium from 'libsodium-wrappers'
import { ConfigError, fields } from '../config.ts'
import { IssuedKeys } from './issued-keys.ts'
import type { KeyHolder } from './key-holders.ts'
import { MasterKeys } from './master-keys.ts'
import type { KeySource } from './wrapping.ts'

export const keyFields = {
  SIGNALS_MASTER_KEY: fields.SIGNALS_MASTER_KEY,
  SIGNALS_MASTER_KEY_PREVIOUS: fields.SIGNALS_MASTER_KEY_PREVIOUS,
  SIGNALS_KEYS: fields.SIGNALS_KEYS,
}

export interface KeySettings {
  readonly SIGNALS_MASTER_KEY?: string | undefined
  readonly SIGNALS_MASTER_KEY_PREVIOUS: readonly string[]
  readonly SIGNALS_KEYS?: string | undefined
}

/** @throws ConfigError without a master key, or for one that is malformed */
export const openMasterKeys = async (settings: KeySettings): Promise<MasterKeys> => {
  const { SIGNALS_MASTER_KEY, SIGNALS_MASTER_KEY_PREVIOUS } = settings
  if (SIGNALS_MASTER_KEY === undefined)
    throw new ConfigError('SIGNALS_MASTER_KEY is not set: set it to the key of the pipeline (32 bytes in base64)')
  await sodium.ready
  try {
    return new MasterKeys(SIGNALS_MASTER_KEY, SIGNALS_MASTER_KEY_PREVIOUS)
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(error.message)
    throw error
  }
}

/**
 * @param holder checks that issued keys are enough for this process; null: a command, which fails where it lacks one
 * @throws ConfigError
 */
export const openKeySource = async (settings: KeySettings, holder: KeyHolder | null): Promise<KeySource> => {
  if (settings.SIGNALS_KEYS === undefined) return openMasterKeys(settings)
  await sodium.ready
  try {
    const issued = new IssuedKeys(settings.SIGNALS_KEYS)
    if (holder !== null) issued.requireKeysOf(holder)
    return issued
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(error.message)
    throw error
  }
}
