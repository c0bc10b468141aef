/** Wraps every secret anew: under another master key, or in the form of this version. Ids and texts stay as they are. */
import { readKeys, sealDataSecret } from '../../runtime/keys/data-secret.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { openConnectionLog } from '../../shared/connections/store.ts'
import type { Author } from '../../shared/connections/writer.ts'
import { rewrapCommonPairs } from './keep-common-pairs.ts'
import { type PrepareTools, signedBy } from './prepare.ts'
import { type RewrapResult, rewrapConnections } from './rewrap-connections.ts'
import { type SigningResult, signRecords } from './sign-records.ts'

/** The data secret has the form of an earlier version, whose processes end when it changes. */
export class EarlierForm extends Error {
  override readonly name = 'EarlierForm'
  constructor() {
    super(
      'the secrets have the form of an earlier version: run `signals format upgrade` first, once no process of that version runs',
    )
  }
}

/** @param sameKey false: under the current master key, which becomes the active one */
const rewrapAll = async (
  settings: KeySettings,
  tools: PrepareTools,
  author: Author,
  sameKey: boolean,
): Promise<RewrapResult & { readonly keyId: string }> => {
  const { codec } = tools
  const { keyId } = await sealDataSecret(settings, tools, { sameKey })
  const keys = await readKeys(settings, tools)
  const broker = signedBy(keys, tools.broker)
  const log = await openConnectionLog(broker, codec)
  const producer = await broker.producer()
  try {
    await rewrapCommonPairs({ ...keys, codec, producer })
    return { keyId, ...(await rewrapConnections(log, keys.keyring, author)) }
  } finally {
    await producer.close()
    await log.close()
  }
}

/**
 * Makes SIGNALS_MASTER_KEY the active master key.
 * @returns its id, and what was rewrapped. @throws EarlierForm, ConfigError, DependencyError
 */
export const rotateKeys = async (
  settings: KeySettings,
  tools: PrepareTools,
  author: Author,
): Promise<RewrapResult & Pick<SigningResult, 'signed'> & { readonly keyId: string }> => {
  if ((await readKeys(settings, tools)).keyring.form === 'earlier') throw new EarlierForm()
  const rewrapped = await rewrapAll(settings, tools, author, false)
  // What a rewrap does not write has the signature of the key before.
  const { signed } = await signRecords(settings, tools, author, { latch: false })
  return { ...rewrapped, signed }
}

/**
 * Brings every secret into the present form, under the master key that wraps it. Processes of an earlier version end when they read it,
 * and open no secret any more. Safe to repeat.
 * @throws ConfigError, DependencyError
 */
export const upgradeFormat = (settings: KeySettings, tools: PrepareTools, author: Author): Promise<RewrapResult> =>
  rewrapAll(settings, tools, author, true)
