/** State and secrets that a running `signals up` stores for other commands. Readable only by their owner. */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileProblem } from '../../shared/text/file-problem.ts'
import type { ReplaySettingTexts } from '../../tools/replay/settings.ts'
import { readJsonFile, writeJsonFile } from '../json-file.ts'
import { LocalProblem } from '../problem.ts'
import { isAlive, type ProcessIdentity } from '../processes/processes.ts'

export interface Addresses {
  readonly gateway: string
  /** The operators' listener. */
  readonly console: string
  /** The public listener, for TikTok's callback. */
  readonly callback: string
  readonly metrics: Readonly<Record<string, string>>
  readonly brokers: string
  readonly redis: string
  readonly registry: string
  /** null when TIKTOK_BASE_URL is set. */
  readonly simulator: string | null
  readonly tiktok: string
}

export interface RunState {
  /** null: another supervisor runs the processes, such as Compose; then the addresses count until the file is removed. */
  readonly supervisor: ProcessIdentity | null
  /** By process name: stages, console, simulator and parts. */
  readonly children: Readonly<Record<string, ProcessIdentity>>
  /** null until everything is ready. */
  readonly addresses: Addresses | null
  /** Settings of the stages that other commands need; missing in files of earlier versions. */
  readonly stageSettings?: ReplaySettingTexts
  /** Folder of own mappings that the services read; missing in files of earlier versions. */
  readonly mappings?: string
}

export const secretNames = ['SIGNALS_MASTER_KEY', 'ADMIN_TOKEN', 'INGEST_TOKEN', 'STATUS_TOKEN'] as const
export type Secrets = Partial<Record<(typeof secretNames)[number] | 'SIGNALS_MASTER_KEY_PREVIOUS', string>>

/** Folder of the user's own mappings unless SIGNALS_MAPPINGS_DIR is set. */
export const mappingsFolder = (dataDir: string) => join(dataDir, 'mappings')

const stateFile = (dataDir: string) => join(dataDir, 'state.json')
const secretsFile = (dataDir: string) => join(dataDir, 'secrets.json')

/** `mkdirSync` with `recursive` never returns below a folder that takes no others, such as /proc. */
const makeFolders = (folder: string) => {
  if (existsSync(folder)) return
  makeFolders(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}

/** @throws LocalProblem where the folder cannot be made or written */
export const makeDataDir = (dataDir: string) => {
  try {
    makeFolders(dataDir)
    chmodSync(dataDir, 0o700)
    // Fails for a file too.
    accessSync(`${dataDir}/.`, constants.W_OK)
  } catch (error) {
    // Of a folder, that it is missing means that none can be made there.
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'no folder can be made there' : (fileProblem(error) ?? 'it is no folder')
    throw new LocalProblem(
      `SIGNALS_DATA_DIR: ${dataDir} cannot be made or written: ${why}; set it to a folder that you may write`,
    )
  }
}

export const readState = (dataDir: string): RunState | null => readJsonFile<RunState>(stateFile(dataDir))
export const writeState = (dataDir: string, state: RunState) => writeJsonFile(stateFile(dataDir), state)
export const removeState = (dataDir: string) => rmSync(stateFile(dataDir), { force: true })

/** The state of the running pipeline; null when none runs on this folder. */
export const runningState = (dataDir: string): RunState | null => {
  const state = readState(dataDir)
  return state && (state.supervisor === null || isAlive(state.supervisor)) ? state : null
}

export const readSecrets = (dataDir: string): Secrets => readJsonFile<Secrets>(secretsFile(dataDir)) ?? {}
export const writeSecrets = (dataDir: string, secrets: Secrets) => writeJsonFile(secretsFile(dataDir), secrets)
