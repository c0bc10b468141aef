/** Settings that only the gateway has. */
import { z } from 'zod'
import { csv, fields, port, tokens } from '../runtime/config.ts'

export const gatewayFields = {
  ...fields,
  /** Of attribution; needed with GATEWAY_LOOK_UP only. */
  REDIS_URL: fields.REDIS_URL.optional(),
  GATEWAY_PORT: port.default(0),
  /** Bearer tokens of connectors at POST /v1/message-events, for all tenants; several while one is replaced. */
  INGEST_TOKEN: tokens.default([]),
  /** With it a bearer reads the accounts without a connection on the status server. */
  STATUS_TOKEN: tokens.default([]),
  /** Sources accepted without a signature although their mapping defines one; for trials only. */
  ALLOW_UNSIGNED: csv.default([]),
  /** Store also what accounts without a connection send. */
  GATEWAY_KEEP_UNCONNECTED: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  /** `<source>/<account>`: accounts too large for one partition, whose webhooks are spread by conversation. */
  GATEWAY_SPREAD_ACCOUNTS: csv
    .refine((names) => names.every((name) => /^[a-z0-9-]+\/./.test(name)), {
      message: 'write <source>/<account>, with commas between them, for example whatsapp/1055501',
    })
    .default([]),
  /** Answer POST /v1/attribution/look-up. */
  GATEWAY_LOOK_UP: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
  /** Look-ups by one token, a second; 0: no limit. */
  GATEWAY_LOOK_UP_RPS: z.coerce.number().int().min(0).max(1_000_000).default(1_000),
  /** Deliveries and events of one account, a second; 0: no limit. */
  GATEWAY_ACCOUNT_RPS: z.coerce.number().int().min(0).max(1_000_000).default(2_000),
  /** Requests from one address, a second; 0: no limit. Never for loopback. */
  GATEWAY_ADDRESS_RPS: z.coerce.number().int().min(0).max(1_000_000).default(0),
  /** Open sockets. */
  GATEWAY_MAX_SOCKETS: z.coerce.number().int().min(64).max(1_000_000).default(8_192),
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
