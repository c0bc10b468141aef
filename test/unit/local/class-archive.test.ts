import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassArchive } from '../../../services/local/parts/class-archive.ts'

describe('an archive of classes', () => {
  let folder: string
  let archive: ClassArchive
  const file = () => join(folder, 'classes', 'registry.jsa')
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signals-classes-'))
    archive = new ClassArchive(file())
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const optionOf = (name: string) =>
    archive
      .args()
      .find((one) => one.startsWith(`-XX:${name}=`))
      ?.split('=')[1]

  it('is written by the first process that ends by itself, and used from then on', () => {
    const unfinished = optionOf('ArchiveClassesAtExit') as string
    writeFileSync(unfinished, 'classes')
    expect(existsSync(file())).toBe(false)
    archive.finish()
    expect(optionOf('SharedArchiveFile')).toBe(file())
    expect(readdirSync(join(folder, 'classes'))).toEqual(['registry.jsa'])
  })

  it('is not used before it is whole, and what a killed process left is removed after a while', () => {
    const killed = optionOf('ArchiveClassesAtExit') as string
    writeFileSync(killed, 'half')
    expect(optionOf('ArchiveClassesAtExit')).toBe(killed)
    utimesSync(killed, 0, 0)
    archive.args()
    expect(existsSync(killed)).toBe(false)
  })

  it('is left out where its folder cannot be written', () => {
    writeFileSync(join(folder, 'classes'), 'a file')
    expect(archive.args()).toEqual([])
  })
})
