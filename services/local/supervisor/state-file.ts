/** What a running `signals up` tells other commands, and the secrets it made for itself. Readable by its owner only. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ReplaySettingTexts } from '../../tools/replay/settings.ts'
import { isAlive, type ProcessIdentity } from '../processes/processes.ts'

export interface Addresses {
  readonly gateway: string
  readonly console: string
  readonly metrics: Readonly<Record<string, string>>
  readonly brokers: string
  readonly redis: string
  readonly registry: string
  /** null when TIKTOK_BASE_URL names another place. */
  readonly simulator: string | null
  readonly tiktok: string
}

export interface RunState {
  readonly supervisor: ProcessIdentity
  /** By name, stages and parts alike. */
  readonly children: Readonly<Record<string, ProcessIdentity>>
  /** Once it is ready. */
  readonly addresses: Addresses | null
  /** Settings of the stages that other commands need; missing in files of earlier versions. */
  readonly stageSettings?: ReplaySettingTexts
}

export const secretNames = ['SIGNALS_MASTER_KEY', 'ADMIN_TOKEN', 'INGEST_TOKEN'] as const
export type Secrets = Partial<Record<(typeof secretNames)[number] | 'SIGNALS_MASTER_KEY_PREVIOUS', string>>

/** Where mappings of one's own lie unless SIGNALS_MAPPINGS_DIR names another place. */
export const mappingsFolder = (dataDir: string) => join(dataDir, 'mappings')

const stateFile = (dataDir: string) => join(dataDir, 'state.json')
const secretsFile = (dataDir: string) => join(dataDir, 'secrets.json')

const readJson = <T>(file: string): T | null => {
  if (!existsSync(file)) return null
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    // Cut off in the middle of a write by a full disk: as good as absent.
    return null
  }
}

/** Whole or not at all: others read it while it is written. */
const writeJson = (file: string, value: unknown) => {
  const making = `${file}.${process.pid}`
  writeFileSync(making, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  renameSync(making, file)
}

export const makeDataDir = (dataDir: string) => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
}

export const readState = (dataDir: string): RunState | null => readJson<RunState>(stateFile(dataDir))
export const writeState = (dataDir: string, state: RunState) => writeJson(stateFile(dataDir), state)
export const removeState = (dataDir: string) => rmSync(stateFile(dataDir), { force: true })

/** The state of a pipeline that runs right now; null where none does. */
export const runningState = (dataDir: string): RunState | null => {
  const state = readState(dataDir)
  return state && isAlive(state.supervisor) ? state : null
}

export const readSecrets = (dataDir: string): Secrets => readJson<Secrets>(secretsFile(dataDir)) ?? {}
export const writeSecrets = (dataDir: string, secrets: Secrets) => writeJson(secretsFile(dataDir), secrets)
