import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archiveOptions, makeArchive } from '../../../services/local/parts/class-archive.ts'

/** In place of a JVM: writes the file of the option when it ends, or nothing. */
const part = (writes: boolean) => (folders: { logs: string }, options: readonly string[]) => ({
  name: 'registry',
  command: process.execPath,
  args: () => [
    '-e',
    `process.on('SIGTERM', () => { ${writes ? "require('fs').writeFileSync(process.argv.at(-1).split('=')[1], 'classes')" : ''}; process.exit(143) }); setInterval(() => {}, 1000); require('fs').writeFileSync(${JSON.stringify(join(folders.logs, 'up'))}, '')`,
    '--',
    ...options,
  ],
  env: {},
  ipc: false,
  logFile: join(folders.logs, 'part.log'),
  isReady: async () => existsSync(join(folders.logs, 'up')),
  stopTimeoutMs: 1_000,
})

describe('an archive of classes', () => {
  let folder: string
  const file = () => join(folder, 'classes', 'registry.jsa')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signals-classes-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is made by one run of the part, and used from then on', async () => {
    expect(archiveOptions(file())).toEqual([])
    await makeArchive(file(), part(true))
    expect(readFileSync(file(), 'utf8')).toBe('classes')
    expect(readdirSync(join(folder, 'classes'))).toEqual(['registry.jsa'])
    expect(archiveOptions(file())).toContain(`-XX:SharedArchiveFile=${file()}`)
  })

  it('is not there when the part wrote none', async () => {
    await expect(makeArchive(file(), part(false))).rejects.toThrow('ENOENT')
    expect(archiveOptions(file())).toEqual([])
  })
})
