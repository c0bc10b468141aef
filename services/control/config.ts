import { z } from 'zod'
import { fields, port } from '../runtime/config.ts'
import { oauthFields } from '../shared/connections/tiktok/settings.ts'

export const consoleFields = {
  ...fields,
  ...oauthFields,
  CONSOLE_PORT: port.default(0),
  /** Bearer token for /admin/v1/. Unset: the admin API refuses every request. */
  ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Address at which browsers reach the console, for TikTok's callback. Default: its listening address. */
  CONSOLE_PUBLIC_URL: z.url().optional(),
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
export type ConsoleConfig = z.output<z.ZodObject<typeof consoleFields>>
