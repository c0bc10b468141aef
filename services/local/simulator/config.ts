import { z } from 'zod'
import { fields, port } from '../../runtime/config.ts'

export const simulatorFields = {
  LOG_LEVEL: fields.LOG_LEVEL,
  /** 0 takes any free one. */
  SIMULATOR_PORT: port.default(0),
  /** Events and calls that are kept for reading; older ones are counted, not shown. */
  SIMULATOR_KEEP: z.coerce.number().int().min(1).max(5_000_000).default(100_000),
}
