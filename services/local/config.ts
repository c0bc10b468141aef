/** Settings of the local stack. `signals up` uses the addresses that are set and starts the other parts. */
import { z } from 'zod'
import { csv, fields, port } from '../runtime/config.ts'
import { secureUrl } from '../shared/text/secure-url.ts'

export const localFields = {
  KAFKA_BROKERS: fields.KAFKA_BROKERS.optional(),
  REDIS_URL: fields.REDIS_URL.optional(),
  SCHEMA_REGISTRY_URL: fields.SCHEMA_REGISTRY_URL.optional(),
  TIKTOK_BASE_URL: secureUrl.optional(),
  SIGNALS_DATA_DIR: fields.SIGNALS_DATA_DIR,
  /** How `signals up` starts Kafka, Redis and the registry: as native processes, or as containers. */
  SIGNALS_INFRA: z.enum(['native', 'docker']).default('native'),
  /** With SIGNALS_INFRA=docker: a file in place of infra/images.json, such as for a mirror. */
  SIGNALS_IMAGES: z.string().optional(),
  GATEWAY_PORT: port.default(0),
  CONSOLE_PORT: port.default(0),
  CALLBACK_PORT: port.default(0),
  /** A process that does not answer for this long is killed and started again; 0: never. */
  LIVENESS_SECONDS: z.coerce.number().int().min(0).max(3_600).default(20),
  LOG_LEVEL: fields.LOG_LEVEL,
  ALLOW_UNSIGNED: csv.optional(),
  /** Folder of the user's own mappings; default: `mappings` in SIGNALS_DATA_DIR. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
export type LocalConfig = z.output<z.ZodObject<typeof localFields>>
