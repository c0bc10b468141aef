/** Allocates free ports and stores them in the data folder. A restart gives each service its previous port if it is free. */
import { createServer } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '../runtime/clock.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'
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

/** Waits up to 2 s for a port that a stopping process is releasing. */
const isFree = async (port: number): Promise<boolean> => {
  for (let attempts = 0; attempts < 20; attempts++) {
    if ((await listen(port)) !== null) return true
    await systemClock.sleep(100)
  }
  return false
}

/** @param variable setting that names the port. @throws LocalProblem when it is in use */
export const mustBeFree = async (port: number, variable: string): Promise<void> => {
  if (await isFree(port)) return
  throw new LocalProblem(
    `port ${port} (${variable}) is taken: stop what listens there, or set ${variable} to 0 for any free one`,
  )
}

export class Ports {
  readonly #file: string
  readonly #stored: Record<string, number>
  readonly #taken = new Set<number>()

  constructor(dataDir: string) {
    this.#file = join(dataDir, 'ports.json')
    this.#stored = readJsonFile<Record<string, number>>(this.#file) ?? {}
  }

  /**
   * @param wanted the port that the setting `variable` names; 0 or undefined: any free one
   * @throws LocalProblem when the wanted port is in use
   */
  async take(name: string, wanted?: number, variable?: string): Promise<number> {
    if (wanted) {
      await mustBeFree(wanted, variable ?? name)
      this.#taken.add(wanted)
      return wanted
    }
    const previous = this.#stored[name]
    const port =
      previous !== undefined && !this.#taken.has(previous) && (await isFree(previous))
        ? previous
        : await this.#anyFree()
    this.#taken.add(port)
    this.#stored[name] = port
    writeJsonFile(this.#file, this.#stored)
    return port
  }

  async #anyFree(): Promise<number> {
    for (let attempts = 0; attempts < 50; attempts++) {
      const port = await listen(0)
      if (port !== null && !this.#taken.has(port)) return port
    }
    throw new LocalProblem('no free port on 127.0.0.1')
  }
}
