/** Settings that only ingest has. */
import { z } from 'zod'
import { csv, tokens } from '../runtime/config.ts'

export const ingestFields = {
  /** Failed records in a row at which an account goes into quarantine. */
  QUARANTINE_FAILURES: z.coerce.number().int().min(1).max(1_000_000).default(1_000),
  /** Folder of custom mappings, one source per file; ingest picks up changes while it runs. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
  /** Who reads accounts without a connection at the status server. */
  STATUS_TOKEN: tokens.default([]),
  /** Shipped sources whose signature a custom mapping may replace. */
  ALLOW_SIGNATURE_CHANGE: csv.default([]),
}
