/**
 * The Avro schemas: a folder for each subject, a file for each version. Versions of one folder are FULL_TRANSITIVE compatible, so
 * every version of a stage reads the records of every other, and stages can be deployed in any order.
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

/** The version that this code writes and reads with. */
export const latestSchema = (folder: string): string => schemaVersions(folder).at(-1) as string
