/**
 * The folder that `signals prepare` fills for a supervisor other than `signals up`, such as Compose: a folder for each process with
 * its secrets as files, and one for the operator with all of them.
 */

import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ConfigError } from '../../runtime/config.ts'
import { type KeyHolder, keyHolders } from '../../runtime/keys/key-holders.ts'
import { fileProblem } from '../../shared/text/file-problem.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import { stageNames } from '../../topology.ts'
import { type ServiceName, serviceEnvironment } from './environments.ts'
import type { Addresses } from './state-file.ts'

/** Folder of the operator's secrets: the data folder of commands. */
export const operatorFolder = (folder: string) => join(folder, 'operator')

/** An unchanged file keeps its time and place, so that nothing restarts for it. */
const writeSecret = (file: string, value: string) => {
  const text = `${value}\n`
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  const temporary = `${file}.new`
  writeFileSync(temporary, text, { mode: 0o400 })
  renameSync(temporary, file)
}

/**
 * Writes each process' folder: a file for each secret that the process reads, under the name of its setting. No process gets the
 * master key.
 * @param secrets by the names of their settings
 * @param keys SIGNALS_KEYS of each process
 */
export const writeProcessSecrets = (
  folder: string,
  secrets: Readonly<Record<string, string>>,
  keys: Readonly<Record<KeyHolder, string>>,
): void => {
  for (const holder of keyHolders) {
    const own = join(folder, holder)
    mkdirSync(own, { recursive: true })
    chmodSync(own, 0o700)
    const service: ServiceName = holder === 'control' ? 'console' : holder
    const values = { ...serviceEnvironment(service, secrets), SIGNALS_KEYS: keys[holder] }
    for (const [name, value] of Object.entries(values)) if (value) writeSecret(join(own, name), value)
  }
}

const url = z.url('must be a URL')
const address = z.string().min(1)
const addresses = z.strictObject({
  gateway: url,
  console: url,
  callback: url,
  metrics: z.strictObject(Object.fromEntries(stageNames.map((stage) => [stage, url]))),
  brokers: address,
  redis: address,
  registry: url,
  simulator: url.nullable(),
  tiktok: url,
})

/** @throws ConfigError naming the field and the file */
export const readAddresses = (file: string): Addresses => {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new ConfigError(
      `--addresses: ${file} cannot be read as JSON: ${fileProblem(error) ?? 'it must be the output of signals status --json'}`,
    )
  }
  const result = addresses.safeParse(value, { error: plainIssue })
  if (result.success) return result.data
  const { path, message } = result.error.issues[0] as z.core.$ZodIssue
  throw new ConfigError(`--addresses: ${file}: ${path.join('.') || 'the value'}: ${message}`)
}
