import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { writeCheckedMappings } from '../../../../services/local/bundle/build.ts'
import { mappingsPath } from '../../../../services/local/bundle/programs.ts'
import { checkedFolder, readMapping, shippedFolder } from '../../../../services/shared/sources/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'checked-mappings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('a bundle holds each shipped mapping as JSON, and means the same by it', () => {
  const mappings = join(folder, mappingsPath)
  cpSync(shippedFolder, mappings, { recursive: true })
  writeCheckedMappings(folder)
  const names = readdirSync(shippedFolder).map((file) => basename(file, '.yaml'))
  expect(readdirSync(join(mappings, checkedFolder)).sort()).toEqual(names.map((name) => `${name}.json`).sort())
  for (const name of names) {
    const written = readMapping(readFileSync(join(shippedFolder, `${name}.yaml`), 'utf8'), name).document
    const checked = readFileSync(join(mappings, checkedFolder, `${name}.json`), 'utf8')
    expect(JSON.parse(checked)).toEqual(written)
  }
})
