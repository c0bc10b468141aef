import { z } from 'zod'
import { fields, port, tokens } from '../runtime/config.ts'
import { oauthFields } from '../shared/connections/tiktok/settings.ts'

export const consoleFields = {
  ...fields,
  ...oauthFields,
  CONSOLE_PORT: port.default(0),
  /** Bearer tokens for /admin/v1/, for all tenants; several while one is replaced. Others are in `tokens.v1`. */
  ADMIN_TOKEN: tokens.default([]),
  /** Sent to the gateway's status server, to read the accounts without a connection. */
  STATUS_TOKEN: tokens.default([]),
  /** Address at which browsers reach the console, for TikTok's callback. Default: its listening address. */
  CONSOLE_PUBLIC_URL: z.url().optional(),
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
export type ConsoleConfig = z.output<z.ZodObject<typeof consoleFields>>
