/**
 * The Avro schemas, a folder per subject and a file per version. Versions of one folder are FULL_TRANSITIVE compatible: any
 * stage reads what any other version wrote, so stages are redeployed in any order.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname

/** Versions of a schema, oldest first, each as its JSON text. @throws Error when the folder holds none */
export const schemaVersions = (folder: string): readonly string[] => {
  const versions = readdirSync(join(here, folder))
    .map((file) => /^v(\d+)\.avsc$/.exec(file)?.[1])
    .filter((version) => version !== undefined)
    .map(Number)
    .sort((a, b) => a - b)
  if (versions.length === 0) throw new Error(`schemas/${folder} holds no v<N>.avsc`)
  return versions.map((version) => readFileSync(join(here, folder, `v${version}.avsc`), 'utf8'))
}

/** What this code writes and reads by. */
export const latestSchema = (folder: string): string => schemaVersions(folder).at(-1) as string
