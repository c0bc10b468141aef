/** Settings that only the gateway has. */
import { z } from 'zod'
import { csv, fields, port } from '../runtime/config.ts'

export const gatewayFields = {
  ...fields,
  GATEWAY_PORT: port.default(0),
  /** Bearer token of connectors at POST /v1/message-events. */
  INGEST_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Sources accepted without a signature although their mapping defines one; for trials only. */
  ALLOW_UNSIGNED: csv.default([]),
  MAX_BODY_BYTES: z.coerce.number().int().min(1024).max(8_000_000).default(1_048_576),
  /** Folder of custom mappings, one source per file; the gateway picks up changes while it runs. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
  /** Shipped sources whose signature a custom mapping may replace. */
  ALLOW_SIGNATURE_CHANGE: csv.default([]),
}
export type GatewayConfig = z.output<z.ZodObject<typeof gatewayFields>>

/** From the source's variables: `<SOURCE>_WEBHOOK_SECRET`, `<SOURCE>_VERIFY_TOKEN` (comma-separated), `<SOURCE>_APP_ID`. */
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
