import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { archiveOptions, isArchiveDue, makeArchive } from '../../../services/local/parts/class-archive.ts'

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
  const now = () => Date.now()
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signals-classes-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('is made by one run of the part, and used from then on', async () => {
    expect([isArchiveDue(file(), now()), archiveOptions(file())]).toEqual([true, []])
    await makeArchive(file(), part(true))
    expect(readFileSync(file(), 'utf8')).toBe('classes')
    expect(readdirSync(join(folder, 'classes'))).toEqual(['registry.jsa'])
    expect(isArchiveDue(file(), now())).toBe(false)
    expect(archiveOptions(file())).toContain(`-XX:SharedArchiveFile=${file()}`)
  })

  it('is tried again a day after it could not be made', async () => {
    await makeArchive(file(), part(false))
    expect([isArchiveDue(file(), now()), archiveOptions(file())]).toEqual([false, []])
    expect(isArchiveDue(file(), now() + 86_500_000)).toBe(true)
  })

  it('is left out where its folder cannot be written', async () => {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'classes'), 'a file')
    await makeArchive(file(), part(true))
    expect(archiveOptions(file())).toEqual([])
  })
})
