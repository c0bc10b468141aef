/**
 * Archives of the classes that a JVM loads (class data sharing). With one, the registry starts with less than half of the CPU. `make prepare`
 * makes each once for a JVM, by a run of the part on empty data.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Child, type ChildSpec } from '../processes/child.ts'
import type { Artefacts } from './artefacts.ts'
import type { Folders } from './parts.ts'

/** On a busy machine, a start takes half a minute, and the archive as long. */
const patienceMs = 90_000

/** The JVM would print a warning where it ignores the archive, or leaves a class out. */
const quiet = ['-Xlog:disable', '-Xlog:all=error:stderr']

export const archiveFiles = ({ classArchives }: Pick<Artefacts, 'classArchives'>) => ({
  kafka: join(classArchives, 'kafka.jsa'),
  registry: join(classArchives, 'registry.jsa'),
})

/** @returns options of the JVM; none without an archive */
export const archiveOptions = (file: string): readonly string[] =>
  existsSync(file) ? [...quiet, `-XX:SharedArchiveFile=${file}`] : []

/**
 * Makes the archive by a run of the part.
 * @param specOf the part on these folders, with these options of the JVM
 * @throws Error when the part does not start, or writes none
 */
export const makeArchive = async (
  file: string,
  specOf: (folders: Folders, options: readonly string[]) => ChildSpec,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-classes-'))
  const unfinished = join(folder, 'classes.jsa')
  const silent = { started: () => {}, ended: () => {}, report: () => {} }
  try {
    mkdirSync(dirname(file), { recursive: true })
    const spec = specOf({ data: folder, logs: folder }, [...quiet, `-XX:ArchiveClassesAtExit=${unfinished}`])
    const child = new Child({ ...spec, stopTimeoutMs: patienceMs }, silent)
    try {
      await child.start(patienceMs)
    } finally {
      await child.stop()
    }
    // Beside the final path first: the folder of temporary files may be on another disk.
    cpSync(unfinished, `${file}.${process.pid}`)
    renameSync(`${file}.${process.pid}`, file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
