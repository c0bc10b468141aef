/**
 * A further process of a stage, beside the one of `signals up`: it shares the partitions, and its clock may be wrong. It starts again
 * whenever it ends, as under any process manager.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../services/local/bundle/own.ts'

/** Where Debian and Ubuntu install the package libfaketime. */
const libraries = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((kind) => `/usr/lib/${kind}/faketime/libfaketime.so.1`)
export const faketime = libraries.find((path) => existsSync(path)) ?? null

export type SecondStage = 'gateway' | 'ingest' | 'attribution' | 'keywords' | 'dispatch'

export class SecondProcess {
  readonly stage: SecondStage
  /** By how much its clock is ahead, s. */
  readonly aheadSeconds: number
  readonly #env: NodeJS.ProcessEnv
  readonly #log: number
  #child: ChildProcess | null = null
  #isOver = false
  starts = 0

  /** @param env addresses and keys @param logs folder of its log */
  constructor(stage: SecondStage, aheadSeconds: number, env: NodeJS.ProcessEnv, logs: string) {
    this.stage = stage
    this.aheadSeconds = faketime === null ? 0 : aheadSeconds
    const sign = aheadSeconds < 0 ? '-' : '+'
    const clock = { LD_PRELOAD: faketime ?? '', FAKETIME: `${sign}${Math.abs(aheadSeconds)}s` }
    this.#env = { ...env, ...(this.aheadSeconds === 0 ? {} : { ...clock, FAKETIME_DONT_FAKE_MONOTONIC: '1' }) }
    this.#log = openSync(join(logs, `second-${stage}.log`), 'a')
    this.#start()
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  #start() {
    if (this.#isOver) return
    this.starts++
    const main = join(projectRoot(), 'services', this.stage, 'main.ts')
    const child = spawn(process.execPath, ['--max-semi-space-size=16', main], {
      env: this.#env,
      stdio: ['ignore', this.#log, this.#log],
    })
    this.#child = child
    child.once('exit', () => setTimeout(() => this.#start(), 500))
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 22_000)
    await ended
    clearTimeout(timer)
  }
}
