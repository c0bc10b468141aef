/**
 * A master key may be given wrapped by a key management service, so that no setting, file or image holds the key itself. The form names
 * the service: `aws-kms:<base64>`, or `vault:v1:…` as Vault's transit engine makes it.
 */
import { decryptByAws, encryptByAws } from './aws-kms.ts'
import type { KmsSettings } from './settings.ts'
import { decryptByVault, encryptByVault } from './vault-transit.ts'

const awsPrefix = 'aws-kms:'
const vaultForm = /^vault:v\d+:/

/** `aws-kms` with a key id, ARN or alias; `vault`, whose key is a setting. */
export type KmsKey = { readonly kms: 'aws-kms'; readonly keyId: string } | { readonly kms: 'vault' }

export const isWrappedByKms = (text: string): boolean => text.startsWith(awsPrefix) || vaultForm.test(text)

/** @throws KmsRefused, DependencyError */
export const unwrapByKms = (text: string, settings: KmsSettings): Promise<Uint8Array> =>
  text.startsWith(awsPrefix) ? decryptByAws(text.slice(awsPrefix.length), settings) : decryptByVault(text, settings)

/** @throws KmsRefused, DependencyError */
export const wrapByKms = async (bytes: Uint8Array, key: KmsKey, settings: KmsSettings): Promise<string> =>
  key.kms === 'aws-kms'
    ? `${awsPrefix}${await encryptByAws(bytes, key.keyId, settings)}`
    : encryptByVault(bytes, settings)
