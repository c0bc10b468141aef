/** AWS KMS. Credentials come from where the AWS SDK finds them: environment, profile, container, instance. */
import { DependencyError } from '../../ports.ts'
import { KmsRefused, type KmsSettings } from './settings.ts'

const timeoutMs = 10_000

const remedies: Readonly<Record<string, string>> = {
  AccessDeniedException: 'allow the role of this process kms:Decrypt on the key',
  NotFoundException: 'there is no such key in this region: check AWS_REGION and the key id',
  InvalidCiphertextException: 'the wrapped key was cut or changed: wrap it again with `signals keys wrap`',
  IncorrectKeyException: 'the wrapped key was made under another KMS key: wrap it again with `signals keys wrap`',
  DisabledException: 'enable the KMS key',
  KMSInvalidStateException: 'the KMS key cannot be used in its present state',
  CredentialsProviderError: 'attach an IAM role to the process, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
}

const load = async () => {
  try {
    return await import('@aws-sdk/client-kms')
  } catch (error) {
    throw new KmsRefused(
      'AWS KMS needs the optional package @aws-sdk/client-kms; install it (npm ci without --omit=optional)',
      { cause: error },
    )
  }
}

/** Messages hold the error's name, never its text, which may quote ids of the account. */
const failure = (error: unknown): Error => {
  const name = error instanceof Error ? error.name : 'Error'
  if ((error as { message?: string }).message?.includes('Region is missing'))
    return new KmsRefused('AWS_REGION is not set: AWS KMS needs it')
  if (Object.hasOwn(remedies, name))
    return new KmsRefused(`AWS KMS refuses (${name}): ${remedies[name]}`, { cause: error })
  return new DependencyError('kms', `AWS KMS does not answer as expected (${name})`, { cause: error })
}

const withClient = async <T>(
  { AWS_REGION }: KmsSettings,
  work: (sdk: Awaited<ReturnType<typeof load>>, client: import('@aws-sdk/client-kms').KMSClient) => Promise<T>,
): Promise<T> => {
  const sdk = await load()
  const client = new sdk.KMSClient({
    ...(AWS_REGION ? { region: AWS_REGION } : {}),
    requestHandler: { connectionTimeout: timeoutMs, requestTimeout: timeoutMs },
  })
  try {
    return await work(sdk, client)
  } catch (error) {
    throw failure(error)
  } finally {
    client.destroy()
  }
}

/** @param ciphertext base64. @throws KmsRefused, DependencyError */
export const decryptByAws = (ciphertext: string, settings: KmsSettings): Promise<Uint8Array> =>
  withClient(settings, async ({ DecryptCommand }, client) => {
    const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob: Buffer.from(ciphertext, 'base64') }))
    return Plaintext ?? new Uint8Array()
  })

/** @param keyId id, ARN or alias. @returns base64. @throws KmsRefused, DependencyError */
export const encryptByAws = (bytes: Uint8Array, keyId: string, settings: KmsSettings): Promise<string> =>
  withClient(settings, async ({ EncryptCommand }, client) => {
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: keyId, Plaintext: bytes }))
    return Buffer.from(CiphertextBlob ?? []).toString('base64')
  })
