/** Settings that only ingest has. */
import { z } from 'zod'
import { csv } from '../runtime/config.ts'

export const ingestFields = {
  /** Folder of custom mappings, one source per file; ingest picks up changes while it runs. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
  /** Shipped sources whose signature a custom mapping may replace. */
  ALLOW_SIGNATURE_CHANGE: csv.default([]),
}
