/** Starts `signals up` as a child process for the demo or a test, and runs commands against it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Addresses } from '../supervisor/state-file.ts'

const root = join(import.meta.dirname, '../../..')
const cli = join(root, 'services/cli/signals.js')

/** The line that `signals up --json` prints when everything is ready. */
export interface Ready extends Omit<Addresses, 'tiktok' | 'simulator'> {
  readonly ready: true
  readonly simulator: string
  readonly pids: Readonly<Record<string, number>>
}

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Pipeline {
  readonly ready: Ready
  /** Runs a `signals` command against this pipeline. */
  signals(...args: string[]): Promise<CommandResult>
  /** The log of all processes so far. */
  log(): string
  stop(): Promise<void>
}

const collectOutput = (child: ChildProcess): { stdout: () => string; stderr: () => string } => {
  const text = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text.stdout += part
  })
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text.stderr += part
  })
  return { stdout: () => text.stdout, stderr: () => text.stderr }
}

/** Runs `signals` with exactly this environment. @param input for its standard input */
export const runSignals = async (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: string,
): Promise<CommandResult> => {
  const child = spawn(process.execPath, [cli, ...args], { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] })
  const output = collectOutput(child)
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? 1, stdout: output.stdout(), stderr: output.stderr() }
}

/**
 * Starts `signals up` and resolves once it is ready.
 * @param dataDir its data folder; a second pipeline on the same folder is refused
 * @param env the whole environment of the pipeline and of the commands against it
 * @param onLog called with each line of its standard error
 * @param options of `signals up`
 * @throws Error with the end of its log when it ends before it is ready
 */
export const startPipeline = async (
  dataDir: string,
  env: NodeJS.ProcessEnv,
  onLog: (line: string) => void = () => {},
  options: readonly string[] = [],
): Promise<Pipeline> => {
  const full = { ...env, SIGNALS_DATA_DIR: dataDir }
  const child = spawn(process.execPath, [cli, 'up', '--json', ...options], {
    cwd: root,
    env: full,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // The pipeline ends with this process, also when a test runner exits after a time-out.
  const endTogether = () => child.kill('SIGTERM')
  process.once('exit', endTogether)
  child.once('exit', () => process.off('exit', endTogether))
  const log: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line)
    onLog(line)
  })
  const ready = await new Promise<Ready>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      try {
        const parsed = JSON.parse(line) as Partial<Ready>
        if (parsed.ready) resolve(parsed as Ready)
      } catch {
        // Not the ready line: standard output has no other defined content.
      }
    })
    child.once('exit', (code) => reject(new Error(`signals up ended with code ${code}:\n${log.slice(-20).join('\n')}`)))
  })
  return {
    ready,
    signals: (...args) => runSignals(args, full),
    log: () => log.join('\n'),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
