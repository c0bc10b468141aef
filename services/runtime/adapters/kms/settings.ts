/** Settings of key management services, for a master key that is given wrapped. */
import { z } from 'zod'
import { secureUrl } from '../../../shared/text/secure-url.ts'

export const kmsFields = {
  VAULT_ADDR: secureUrl.optional(),
  VAULT_TOKEN: z.string().optional(),
  VAULT_NAMESPACE: z.string().optional(),
  /** Where the transit engine is mounted. */
  VAULT_TRANSIT_PATH: z.string().default('transit'),
  /** Name of the transit key. */
  VAULT_TRANSIT_KEY: z.string().default('messaging-signals'),
  /** Of AWS KMS; default: where the AWS SDK finds it. */
  AWS_REGION: z.string().optional(),
} as const

export type KmsSettings = Partial<z.output<z.ZodObject<typeof kmsFields>>>

/** The service refuses: a setting, a right or the wrapped key is wrong. The message names the remedy and no secret. */
export class KmsRefused extends Error {
  override readonly name = 'KmsRefused'
}
