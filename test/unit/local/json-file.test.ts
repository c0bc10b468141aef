import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ports } from '../../../services/local/free-ports.ts'
import { readJsonFile, writeJsonFile } from '../../../services/local/json-file.ts'

describe('a JSON file of the data folder', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'json-file-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('keeps its content when the new one cannot be written, and leaves nothing beside it', () => {
    const file = join(folder, 'state.json')
    writeJsonFile(file, { a: 1 })
    expect(() => writeJsonFile(file, { a: 1n })).toThrow()
    expect(readJsonFile(file)).toEqual({ a: 1 })
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it.each(['', '{"gateway": 80'])('counts as absent when a full disk left %j of it', async (left) => {
    writeFileSync(join(folder, 'ports.json'), left)
    expect(readJsonFile(join(folder, 'ports.json'))).toBeNull()
    expect(await new Ports(folder).take('gateway')).toBeGreaterThan(0)
  })
})
