import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Preparation } from '../../../../services/local/supervisor/preparation/preparation.ts'

const parts = { brokers: '127.0.0.1:1', registry: 'http://127.0.0.1:1' }

describe('the process that prepares the cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-preparation-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  const open = (answering: string) => {
    const file = join(folder, 'main.mjs')
    writeFileSync(file, `process.on('message', (request) => { ${answering} })`)
    return new Preparation(file, {})
  }

  it('is asked one step after the other', async () => {
    const preparation = open(
      `process.send({ result: request.step === 'provision' ? true : { gateway: request.env.A } })`,
    )
    expect(await preparation.provision({}, parts)).toBe(true)
    expect(await preparation.keys({ A: 'key' }, parts, true)).toEqual({ gateway: 'key' })
    preparation.end()
  })

  it('hands on an error by its name, which decides the exit code of the command', async () => {
    const preparation = open(
      `process.send({ error: { name: 'ConfigError', message: 'SIGNALS_MASTER_KEY is not it' } })`,
    )
    await expect(preparation.keys({}, parts, false)).rejects.toMatchObject({
      name: 'ConfigError',
      message: 'SIGNALS_MASTER_KEY is not it',
    })
    preparation.end()
  })

  it('says that it has ended instead of waiting for it', async () => {
    const preparation = open('process.exit(7)')
    await expect(preparation.provision({}, parts)).rejects.toThrow(/has ended \(code 7\)/)
    await expect(preparation.provision({}, parts)).rejects.toThrow(/has ended \(code 7\)/)
  })
})
