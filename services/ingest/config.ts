/** Settings that only ingest has. */
import { z } from 'zod'

export const ingestFields = {
  /** Folder of custom mappings, one source per file; ingest picks up changes while it runs. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
