/** Settings of the gateway beyond those every stage has. */
import { z } from 'zod'
import { csv, fields, port } from '../runtime/config.ts'

export const gatewayFields = {
  ...fields,
  GATEWAY_PORT: port.default(0),
  /** What connectors prove themselves with at POST /v1/message-events. */
  INGEST_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Sources that are taken without a signature although they define one: for trials only. */
  ALLOW_UNSIGNED: csv.default([]),
  MAX_BODY_BYTES: z.coerce.number().int().min(1024).max(8_000_000).default(1_048_576),
  /** Folder with mappings of one's own, followed while the gateway runs; each file is one source. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
export type GatewayConfig = z.output<z.ZodObject<typeof gatewayFields>>

/** Per source, from variables named after it: `<SOURCE>_WEBHOOK_SECRET`, `<SOURCE>_VERIFY_TOKEN`, `<SOURCE>_APP_ID`. */
export interface SourceSecrets {
  readonly secrets: readonly string[]
  readonly verifyTokens: readonly string[]
  readonly appId: string | undefined
}

export const sourceSecrets = (env: NodeJS.ProcessEnv, source: string): SourceSecrets => {
  const prefix = source.toUpperCase().replaceAll('-', '_')
  const list = (name: string) =>
    (env[`${prefix}_${name}`] ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
  return {
    secrets: list('WEBHOOK_SECRET'),
    verifyTokens: list('VERIFY_TOKEN'),
    appId: env[`${prefix}_APP_ID`] || undefined,
  }
}
