/**
 * Archives of a JVM's loaded classes (class data sharing). With one, the registry starts with less than half of the CPU. The first start
 * of a part has none and writes one when it ends, which takes it a few seconds more.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What a killed process has left behind is removed after this time. */
const leftoverMs = 3_600_000

export class ClassArchive {
  readonly #file: string
  readonly #unfinished: string

  /** @param file the JVM ignores one of other classes or of another JVM */
  constructor(file: string) {
    this.#file = file
    this.#unfinished = `${file}.${process.pid}`
  }

  /** To be called before each start. */
  args(): readonly string[] {
    // The JVM would print a warning where it ignores the archive, or leaves a class out.
    const quiet = '-Xlog:disable'
    if (existsSync(this.#file)) return [quiet, '-Xlog:all=error:stderr', `-XX:SharedArchiveFile=${this.#file}`]
    try {
      mkdirSync(dirname(this.#file), { recursive: true })
      this.#removeLeftovers()
      return [quiet, '-Xlog:all=error:stderr', `-XX:ArchiveClassesAtExit=${this.#unfinished}`]
    } catch {
      // A cache folder that cannot be written, or a full disk: the part starts without an archive.
      return []
    }
  }

  /** To be called after the process has ended by itself, and so has written the whole archive. */
  finish(): void {
    try {
      if (!existsSync(this.#file) && existsSync(this.#unfinished)) renameSync(this.#unfinished, this.#file)
      rmSync(this.#unfinished, { force: true })
    } catch {
      // The next start writes another one.
    }
  }

  #removeLeftovers() {
    const folder = dirname(this.#file)
    for (const name of readdirSync(folder)) {
      const path = join(folder, name)
      if (name.endsWith('.jsa')) continue
      const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
      if (Date.now() - writtenAt > leftoverMs) rmSync(path, { force: true })
    }
  }
}
