import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeDataDir } from '../../../../services/local/supervisor/state-file.ts'

describe('the data folder', () => {
  it('is made with those above it, for its owner only', () => {
    const root = mkdtempSync(join(tmpdir(), 'signals-'))
    makeDataDir(join(root, 'a', 'b'))
    expect(statSync(join(root, 'a', 'b')).mode & 0o777).toBe(0o700)
    rmSync(root, { recursive: true })
  })

  it.each([
    ['takes no folders', () => '/proc/nope/data'],
    [
      'is a file',
      (root: string) => {
        writeFileSync(join(root, 'file'), '')
        return join(root, 'file')
      },
    ],
  ])('is refused at once where the place %s', (_what, placeIn) => {
    const root = mkdtempSync(join(tmpdir(), 'signals-'))
    expect(() => makeDataDir(placeIn(root))).toThrow(/^SIGNALS_DATA_DIR: .* cannot be made or written/)
    rmSync(root, { recursive: true })
  })
})
