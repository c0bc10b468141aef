/** Free ports, remembered in the data folder: what was announced once stays at its address as long as nobody else takes it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { LocalProblem } from './problem.ts'

const listen = (port: number): Promise<number | null> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null))
    })
  })

/** Waits a little for a port that its last holder is just giving up. */
const isFree = async (port: number): Promise<boolean> => {
  for (let tries = 0; tries < 20; tries++) {
    if ((await listen(port)) !== null) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

export class Ports {
  readonly #file: string
  readonly #known: Record<string, number>
  readonly #taken = new Set<number>()

  constructor(dataDir: string) {
    this.#file = join(dataDir, 'ports.json')
    this.#known = existsSync(this.#file) ? (JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, number>) : {}
  }

  /**
   * @param wanted a port that was asked for by name (setting `variable`); 0 or undefined: any free one
   * @throws LocalProblem when a wanted port is taken
   */
  async take(name: string, wanted?: number, variable?: string): Promise<number> {
    if (wanted) {
      if (!(await isFree(wanted))) {
        throw new LocalProblem(
          `port ${wanted} (${variable ?? name}) is taken: stop what listens there, or set ${variable ?? 'another port'} to 0 for any free one`,
        )
      }
      this.#taken.add(wanted)
      return wanted
    }
    const before = this.#known[name]
    const port =
      before !== undefined && !this.#taken.has(before) && (await isFree(before)) ? before : await this.#anyFree()
    this.#taken.add(port)
    this.#known[name] = port
    writeFileSync(this.#file, `${JSON.stringify(this.#known, null, 2)}\n`)
    return port
  }

  async #anyFree(): Promise<number> {
    for (let tries = 0; tries < 50; tries++) {
      const port = await listen(0)
      if (port !== null && !this.#taken.has(port)) return port
    }
    throw new LocalProblem('no free port on 127.0.0.1')
  }
}
