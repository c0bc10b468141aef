/** A disk of limited size for all data of a run, so that it can be full. Needs root; without it the folder is an ordinary one. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'signals-disk-'))
  /** false: the machine did not allow it, and the disk cannot be filled. */
  readonly isLimited: boolean
  readonly #ballast = join(this.path, 'ballast')

  /** @param mebibytes of memory that it takes at most */
  constructor(mebibytes: number) {
    const mount = ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.path]
    this.isLimited = process.getuid?.() === 0 && spawnSync('mount', mount, { stdio: 'ignore' }).status === 0
  }

  /** MiB in use */
  get used(): number {
    const { blocks, bfree, bsize } = statfsSync(this.path)
    return Math.round(((blocks - bfree) * bsize) / 1_048_576)
  }

  /** Leaves not a single block. */
  fill(): void {
    const { bavail, bsize } = statfsSync(this.path)
    spawnSync('fallocate', ['-l', String(bavail * bsize), this.#ballast], { stdio: 'ignore' })
    // What others have freed meanwhile.
    const part = Buffer.alloc(1_048_576)
    for (let size = part.length; size >= 1; size = Math.floor(size / 2)) {
      try {
        for (;;) writeFileSync(this.#ballast, part.subarray(0, size), { flag: 'a' })
      } catch {
        // No space for this much is left.
      }
    }
  }

  empty(): void {
    rmSync(this.#ballast, { force: true })
  }

  close(): void {
    if (this.isLimited) spawnSync('umount', ['-l', this.path], { stdio: 'ignore' })
    rmSync(this.path, { recursive: true, force: true })
  }
}
