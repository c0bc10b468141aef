import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../../services/cli/exit.ts'
import { streamIn, textIn, textOf } from '../../../services/cli/input-file.ts'

describe('a file named on the command line', () => {
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
    ['does not exist', join(folder, 'none.csv'), /keyword list .*none\.csv cannot be read: there is no such file/],
    ['is a folder', folder, /cannot be read: it is a folder/],
    ['lies in a file', join(file, 'list.csv'), /a part of its path is not a folder/],
  ])('that %s is a usage error with its cause', async (_name, path, expected) => {
    for (const read of [textOf, streamIn]) expect(() => read(path, 'keyword list')).toThrow(expected)
    await expect(textIn(path, 'keyword list')).rejects.toThrow(UsageError)
  })

  it('with a relative path is an error that names the folder', () =>
    expect(() => textOf('none.csv', 'mapping')).toThrow(`(in the folder ${process.cwd()})`))
})
