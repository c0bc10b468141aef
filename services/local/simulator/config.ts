import { z } from 'zod'
import { fields, port } from '../../runtime/config.ts'

export const simulatorFields = {
  LOG_LEVEL: fields.LOG_LEVEL,
  /** 0: any free port. */
  SIMULATOR_PORT: port.default(0),
  /** 0.0.0.0 in a container, so that its port can be published. */
  SIMULATOR_BIND_ADDRESS: z.string().default('127.0.0.1'),
  /** Number of events and of calls kept for reading; older ones stay in the counts. */
  SIMULATOR_KEEP: z.coerce.number().int().min(1).max(5_000_000).default(100_000),
}
