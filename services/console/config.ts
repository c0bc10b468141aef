import type { z } from 'zod'
import { fields, port } from '../runtime/config.ts'

export const consoleFields = { ...fields, CONSOLE_PORT: port.default(0) }
export type ConsoleConfig = z.output<z.ZodObject<typeof consoleFields>>
