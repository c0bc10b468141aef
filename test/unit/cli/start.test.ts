import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const bin = join(import.meta.dirname, '../../../services/cli/signals.js')

describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-cache-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const help = (env: Record<string, string>) => {
    const { status, stderr } = spawnSync(process.execPath, [bin, '--help'], {
      env: { ...process.env, NODE_COMPILE_CACHE: '', ...env },
      encoding: 'utf8',
      timeout: 20_000,
    })
    return { status, stderr }
  }

  it('keeps its compiled code for the next call', () => {
    expect(help({ SIGNALS_CACHE_DIR: folder })).toEqual({ status: 0, stderr: '' })
    expect(readdirSync(join(folder, 'compiled'), { recursive: true }).length).toBeGreaterThan(5)
  })

  it('prints nothing when it cannot be stored', () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    expect(help({ SIGNALS_CACHE_DIR: file })).toEqual({ status: 0, stderr: '' })
  })

  it('names the processes that it runs', () => {
    const { status, stderr } = spawnSync(process.execPath, [bin, 'run', 'kafka'], { encoding: 'utf8', timeout: 20_000 })
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^signals: there is no process kafka; there are: gateway, ingest, .*control/),
    })
  })
})
