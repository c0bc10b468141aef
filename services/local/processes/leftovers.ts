/**
 * Finds Kafka, registry and Redis of a data folder by what Linux says about running processes, without any note of their start. So
 * none is left behind, also if it was started right before its supervisor was killed, or while its supervisor stopped.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { identifyProcess, type ProcessIdentity } from './processes.ts'

/** What a process is recognised by; empty where it cannot be read. */
export interface ProcessFacts {
  /** Name of its program. */
  readonly program: string
  readonly arguments: readonly string[]
  readonly environment: readonly string[]
  readonly workingFolder: string
}

/** Linux adds it to a folder that does not exist any more. */
const deleted = ' (deleted)'

/** Redis works in its folder, Kafka is started with its settings, and the registry with the address of its store. */
export const isPartOf = (dataDir: string, facts: ProcessFacts): boolean => {
  const { program, workingFolder } = facts
  if (program === 'redis-server') return workingFolder.replace(deleted, '') === join(dataDir, 'redis')
  if (program !== 'java') return false
  const store = `jdbc:h2:file:${join(dataDir, 'registry', 'db')}`
  return (
    facts.arguments.includes(join(dataDir, 'kafka.properties')) ||
    facts.environment.includes(`APICURIO_DATASOURCE_URL=${store}`)
  )
}

const readable = <T>(read: () => T, otherwise: T): T => {
  try {
    return read()
  } catch {
    // Another user's process, or one that has just ended.
    return otherwise
  }
}

const factsOf = (pid: string): ProcessFacts => {
  const list = (name: string) => readable(() => readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0'), [])
  return {
    program: readable(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), ''),
    arguments: list('cmdline'),
    environment: list('environ'),
    workingFolder: readable(() => readlinkSync(`/proc/${pid}/cwd`), ''),
  }
}

/** Parts of the data folder that run; none on other systems than Linux. @param dataDir absolute */
export const leftovers = (dataDir: string): readonly ProcessIdentity[] =>
  readable(() => readdirSync('/proc'), [])
    .filter((name) => /^\d+$/.test(name) && isPartOf(dataDir, factsOf(name)))
    .flatMap((pid) => identifyProcess(Number(pid)) ?? [])
