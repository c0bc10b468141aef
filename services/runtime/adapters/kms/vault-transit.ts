/** HashiCorp Vault's transit engine, over its HTTP API. */
import { DependencyError } from '../../ports.ts'
import { KmsRefused, type KmsSettings } from './settings.ts'

const timeoutMs = 10_000

const remedies: Readonly<Record<number, string>> = {
  400: 'the wrapped key was cut, changed or made under another transit key: check VAULT_TRANSIT_KEY, or wrap it again with `signals keys wrap`',
  403: 'allow the VAULT_TOKEN of this process to use the transit key',
  404: 'there is no transit engine at VAULT_TRANSIT_PATH, or no such VAULT_TRANSIT_KEY',
}

const request = async (
  operation: 'encrypt' | 'decrypt',
  body: Readonly<Record<string, string>>,
  settings: KmsSettings,
): Promise<Readonly<Record<string, unknown>>> => {
  const { VAULT_ADDR, VAULT_TOKEN, VAULT_NAMESPACE, VAULT_TRANSIT_PATH = 'transit' } = settings
  const { VAULT_TRANSIT_KEY = 'messaging-signals' } = settings
  if (VAULT_ADDR === undefined) throw new KmsRefused('VAULT_ADDR is not set: a master key that Vault wrapped needs it')
  if (VAULT_TOKEN === undefined)
    throw new KmsRefused('VAULT_TOKEN is not set: a master key that Vault wrapped needs it, or VAULT_TOKEN_FILE')
  let response: Response
  try {
    response = await fetch(new URL(`/v1/${VAULT_TRANSIT_PATH}/${operation}/${VAULT_TRANSIT_KEY}`, VAULT_ADDR), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-vault-token': VAULT_TOKEN,
        'x-vault-request': 'true',
        ...(VAULT_NAMESPACE ? { 'x-vault-namespace': VAULT_NAMESPACE } : {}),
      },
      body: JSON.stringify(body),
      // A redirect would carry the token elsewhere.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    throw new DependencyError('kms', 'Vault does not answer at VAULT_ADDR', { cause: error })
  }
  const remedy = remedies[response.status]
  if (remedy !== undefined) throw new KmsRefused(`Vault refuses (${response.status}): ${remedy}`)
  // 503: sealed; 429, 472, 473: on standby.
  if (!response.ok) throw new DependencyError('kms', `Vault answers ${response.status}`)
  const { data } = (await response.json()) as { data?: Record<string, unknown> }
  return data ?? {}
}

/** @param ciphertext as Vault made it, `vault:v1:…`. @throws KmsRefused, DependencyError */
export const decryptByVault = async (ciphertext: string, settings: KmsSettings): Promise<Uint8Array> => {
  const { plaintext } = await request('decrypt', { ciphertext }, settings)
  return Buffer.from(String(plaintext ?? ''), 'base64')
}

/** @returns `vault:v1:…`. @throws KmsRefused, DependencyError */
export const encryptByVault = async (bytes: Uint8Array, settings: KmsSettings): Promise<string> => {
  const { ciphertext } = await request('encrypt', { plaintext: Buffer.from(bytes).toString('base64') }, settings)
  return String(ciphertext ?? '')
}
