/**
 * Archives of the classes that a JVM loads (class data sharing). With one, the registry starts with less than half of the CPU. Each is made
 * once for a JVM, by a run of the part on empty data.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Child, type ChildSpec } from '../processes/child.ts'
import type { Folders } from './parts.ts'

/** On a busy machine, a start takes half a minute, and the archive as long. */
const patienceMs = 90_000
/** After a failure the parts start without an archive for this time. */
const retryMs = 86_400_000

/** The JVM would print a warning where it ignores the archive, or leaves a class out. */
const quiet = ['-Xlog:disable', '-Xlog:all=error:stderr']

/** @returns options of the JVM; none without an archive */
export const archiveOptions = (file: string): readonly string[] =>
  existsSync(file) ? [...quiet, `-XX:SharedArchiveFile=${file}`] : []

/** Whether an archive is missing, and no attempt to make it has failed lately. */
export const isArchiveDue = (file: string, now: number): boolean => {
  const failedAt = statSync(`${file}.failed`, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return !existsSync(file) && now - failedAt > retryMs
}

/**
 * Makes the archive by a run of the part. A failure costs time only: the part then starts without an archive.
 * @param specOf the part on these folders, with these options of the JVM
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
  } catch {
    try {
      writeFileSync(`${file}.failed`, '')
    } catch {
      // A cache folder that cannot be written: the next start tries again.
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
