/** Settings of the local stack. What is set is used as it is; what is not is started. */
import { z } from 'zod'
import { csv, fields, port } from '../runtime/config.ts'

export const localFields = {
  KAFKA_BROKERS: fields.KAFKA_BROKERS.optional(),
  REDIS_URL: fields.REDIS_URL.optional(),
  SCHEMA_REGISTRY_URL: fields.SCHEMA_REGISTRY_URL.optional(),
  TIKTOK_BASE_URL: z.url().optional(),
  SIGNALS_DATA_DIR: fields.SIGNALS_DATA_DIR,
  /** Where the parts come from that are not set: artefacts on this machine, or containers. */
  SIGNALS_INFRA: z.enum(['native', 'docker']).default('native'),
  GATEWAY_PORT: port.default(0),
  CONSOLE_PORT: port.default(0),
  /** A process that has not answered for this long is killed, and so started again; 0: never. */
  LIVENESS_SECONDS: z.coerce.number().int().min(0).max(3_600).default(20),
  LOG_LEVEL: fields.LOG_LEVEL,
  ALLOW_UNSIGNED: csv.optional(),
  /** Mappings of one's own; default: the folder `mappings` in SIGNALS_DATA_DIR. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
export type LocalConfig = z.output<z.ZodObject<typeof localFields>>
