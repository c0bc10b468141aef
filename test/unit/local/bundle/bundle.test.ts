import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cachedBundle } from '../../../../services/local/bundle/cached.ts'
import { locateProgram } from '../../../../services/local/bundle/locate.ts'
import { programs } from '../../../../services/local/bundle/programs.ts'
import { filesBelow } from '../../../support/source-code/files.ts'

const folders: string[] = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-test-'))
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('a program', () => {
  const lines: string[] = []
  const locate = (bundle: string | null) => locateProgram('ingest', '/project', bundle, (line) => lines.push(line))
  beforeEach(() => {
    lines.length = 0
  })

  it('runs from the bundle', () => {
    const bundle = newFolder()
    writeFileSync(join(bundle, 'ingest.js'), '')
    expect(locate(bundle)).toBe(join(bundle, 'ingest.js'))
    expect(lines).toEqual([])
  })

  it('runs from its sources without a bundle', () => {
    expect(locate(null)).toBe('/project/services/ingest/main.ts')
    expect(lines).toEqual([])
  })

  it('runs from its sources, and says so, once its file has left the bundle', () => {
    expect(locate(newFolder())).toBe('/project/services/ingest/main.ts')
    expect(lines).toEqual([expect.stringMatching(/ingest\.js is missing: ingest runs from its sources$/)])
  })
})

describe('the bundle', () => {
  it('names a source of the project for each program', () => {
    const sources = new Set(filesBelow('services'))
    expect(Object.values(programs).filter((source) => !sources.has(source))).toEqual([])
  })

  it('is left out, with its cause in one line, where it cannot be built', async () => {
    const root = newFolder()
    const cache = newFolder()
    for (const folder of ['services', 'schemas', 'docs/runbooks', 'docs/operators'])
      mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, 'package-lock.json'), '{}')
    const lines: string[] = []
    expect(await cachedBundle(root, { SIGNALS_CACHE_DIR: cache }, (line) => lines.push(line))).toBeNull()
    expect(lines).toEqual([expect.stringMatching(/^no bundle \(.+\): the services run from their sources/)])
    expect(readdirSync(join(cache, 'bundles'))).toEqual([])
  })
})
