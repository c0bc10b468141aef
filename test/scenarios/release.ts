/** Another version of the project, from its commit, with its own packages: its commands and its processes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSignals } from '../../services/local/demo/pipeline.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/own-kafka.ts'

const root = join(import.meta.dirname, '../..')

export type ProcessName = 'gateway' | 'ingest' | 'attribution' | 'keywords' | 'dispatch' | 'control'

export interface RunningProcess {
  /** Of the gateway. */
  readonly url: string
  /** Ends it in order. @returns how long it took, ms */
  stop(): Promise<number>
  kill(): void
}

export class Release {
  readonly name: string
  readonly #folder: string

  private constructor(name: string, folder: string) {
    this.name = name
    this.#folder = folder
  }

  /** The sources that this scenario belongs to. */
  static here = (): Release => new Release('this version', root)

  /** @param ref a tag or a commit; its packages are installed once and kept */
  static of(ref: string): Release {
    const commit = execFileSync('git', ['rev-parse', `${ref}^{commit}`], { cwd: root, encoding: 'utf8' }).trim()
    const folder = join(tmpdir(), `signals-release-${commit.slice(0, 12)}`)
    const mark = join(folder, '.complete')
    if (!existsSync(mark)) {
      mkdirSync(folder, { recursive: true })
      const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 28 })
      execFileSync('tar', ['-x', '-C', folder], { input: archive })
      execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], { cwd: folder, stdio: 'inherit' })
      writeFileSync(mark, '')
    }
    return new Release(`${ref} (${commit.slice(0, 8)})`, folder)
  }

  get #node(): string {
    const own = join(this.#folder, 'node_modules/.bin/node')
    return existsSync(own) ? own : process.execPath
  }

  /** @throws Error with the end of its standard error */
  async signals(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> {
    if (this.#folder === root) {
      const result = await runSignals(args, env)
      if (result.code !== 0) throw new Error(`signals ${args.join(' ')}: ${result.stderr.slice(-500)}`)
      return result.stdout
    }
    const file = join(this.#folder, 'services/cli/signals.js')
    return execFileSync(this.#node, [file, ...args], {
      cwd: this.#folder,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  /** Resolves once it is ready. */
  async start(name: ProcessName, env: NodeJS.ProcessEnv): Promise<RunningProcess> {
    const [metrics, gateway, callback] = [await freePort(), await freePort(), await freePort()]
    // Control was called console before.
    const main = [name, 'console'].map((one) => join(this.#folder, 'services', one, 'main.ts')).find(existsSync)
    const ports = { METRICS_PORT: metrics, CONSOLE_PORT: metrics, GATEWAY_PORT: gateway, CALLBACK_PORT: callback }
    const child: ChildProcess = spawn(this.#node, [main as string], {
      cwd: this.#folder,
      env: { ...env, ...Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, String(port)])) },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      log = (log + part).slice(-2_000)
    })
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null
    await eventually(
      `${name} of ${this.name}`,
      async () => {
        if (hasEnded()) throw new Error(`${name} of ${this.name} ended with ${child.exitCode}: ${log}`)
        return fetch(`http://127.0.0.1:${metrics}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        )
      },
      120_000,
    )
    return {
      url: `http://127.0.0.1:${gateway}`,
      kill: () => void child.kill('SIGKILL'),
      stop: async () => {
        const began = Date.now()
        if (!hasEnded()) {
          const ended = once(child, 'exit')
          child.kill('SIGTERM')
          await ended
        }
        return Date.now() - began
      },
    }
  }
}
