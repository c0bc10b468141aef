import { z } from 'zod'
import { fields, port } from '../runtime/config.ts'
import { oauthFields } from '../shared/connections/tiktok/settings.ts'

export const consoleFields = {
  ...fields,
  ...oauthFields,
  CONSOLE_PORT: port.default(0),
  /** What callers of /admin/v1/ prove themselves with; without it nobody gets in. */
  ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  /** Where the console is reached from outside, for TikTok's callback; default: where it listens. */
  CONSOLE_PUBLIC_URL: z.url().optional(),
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
export type ConsoleConfig = z.output<z.ZodObject<typeof consoleFields>>
