import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../../services/cli/exit.ts'
import { streamIn, textIn, textOf } from '../../../services/cli/input-file.ts'

describe('a file that a command was given', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-input-'))
  const file = join(folder, 'list.csv')
  writeFileSync(file, 'keyword,flag\n')
  afterAll(() => rmSync(folder, { recursive: true }))

  it('is read as text or as a stream', async () => {
    expect(textOf(file, 'keyword list')).toBe('keyword,flag\n')
    expect(await textIn(file, 'keyword list')).toBe('keyword,flag\n')
    expect(await streamIn(file, 'keyword list').toArray()).toEqual([Buffer.from('keyword,flag\n')])
  })

  it.each([
    ['is not there', join(folder, 'none.csv'), /keyword list .*none\.csv cannot be read: there is no such file/],
    ['is a folder', folder, /cannot be read: it is a folder/],
    ['lies in a file', join(file, 'list.csv'), /a part of its path is no folder/],
  ])('that %s is a wrong call, named with what to do', async (_name, path, expected) => {
    for (const read of [textOf, streamIn]) expect(() => read(path, 'keyword list')).toThrow(expected)
    await expect(textIn(path, 'keyword list')).rejects.toThrow(UsageError)
  })

  it('and named without its folder is told where it was looked for', () =>
    expect(() => textOf('none.csv', 'mapping')).toThrow(`(looked for in ${process.cwd()})`))
})
