/** Settings of ingest beyond those every stage has. */
import { z } from 'zod'

export const ingestFields = {
  /** Folder with mappings of one's own, followed while ingest runs; each file is one source. */
  SIGNALS_MAPPINGS_DIR: z.string().optional(),
}
