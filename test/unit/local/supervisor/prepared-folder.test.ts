import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readAddresses, writeProcessSecrets } from '../../../../services/local/supervisor/prepared-folder.ts'
import { runningState, writeState } from '../../../../services/local/supervisor/state-file.ts'
import { type KeyHolder, keyHolders } from '../../../../services/runtime/keys/key-holders.ts'

const secrets = {
  SIGNALS_MASTER_KEY: 'master-key-in-base64',
  SIGNALS_MASTER_KEY_PREVIOUS: '',
  ADMIN_TOKEN: 'token-of-the-admin',
  INGEST_TOKEN: 'token-of-connectors',
  STATUS_TOKEN: 'token-of-the-status',
}
const keys = Object.fromEntries(keyHolders.map((name) => [name, `keys of ${name}`])) as Record<KeyHolder, string>
const addresses = {
  ...{ gateway: 'http://a', console: 'http://b', callback: 'http://c', brokers: 'k:9092', redis: 'redis://r' },
  ...{ registry: 'http://s', simulator: null, tiktok: 'http://t' },
  metrics: Object.fromEntries(
    ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'].map((stage) => [stage, `http://${stage}/metrics`]),
  ),
}

describe('the folder for another supervisor', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signals-prepared-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const files = () =>
    Object.fromEntries(keyHolders.map((name) => [name, readdirSync(join(folder, name)).sort()] as const))

  it('has for each process the secrets that it reads, and never the master key', () => {
    writeProcessSecrets(folder, secrets, keys)
    expect(files()).toEqual({
      gateway: ['INGEST_TOKEN', 'SIGNALS_KEYS', 'STATUS_TOKEN'],
      ingest: ['SIGNALS_KEYS', 'STATUS_TOKEN'],
      attribution: ['SIGNALS_KEYS'],
      keywords: ['SIGNALS_KEYS'],
      dispatch: ['SIGNALS_KEYS'],
      control: ['ADMIN_TOKEN', 'SIGNALS_KEYS', 'STATUS_TOKEN'],
    })
    const file = join(folder, 'dispatch', 'SIGNALS_KEYS')
    expect(readFileSync(file, 'utf8')).toBe('keys of dispatch\n')
    expect(statSync(file).mode & 0o777).toBe(0o400)
    expect(statSync(join(folder, 'dispatch')).mode & 0o777).toBe(0o700)
  })

  it('keeps a file whose secret is the same, and replaces one whose secret has changed', () => {
    writeProcessSecrets(folder, secrets, keys)
    const inode = (name: string) => statSync(join(folder, 'gateway', name)).ino
    const [keysBefore, tokenBefore] = [inode('SIGNALS_KEYS'), inode('INGEST_TOKEN')]
    writeProcessSecrets(folder, { ...secrets, INGEST_TOKEN: 'another-token-now' }, keys)
    expect(inode('SIGNALS_KEYS')).toBe(keysBefore)
    expect(inode('INGEST_TOKEN')).not.toBe(tokenBefore)
    expect(readFileSync(join(folder, 'gateway', 'INGEST_TOKEN'), 'utf8')).toBe('another-token-now\n')
  })

  it('tells commands that a pipeline runs although no process of this machine supervises it', () => {
    writeState(folder, { supervisor: null, children: {}, addresses })
    expect(runningState(folder)?.addresses).toEqual(addresses)
  })

  it('takes addresses from a file, and names the field of a wrong one', () => {
    const file = join(folder, 'addresses.json')
    writeFileSync(file, JSON.stringify(addresses))
    expect(readAddresses(file)).toEqual(addresses)
    writeFileSync(file, JSON.stringify({ ...addresses, gateway: '8080' }))
    expect(() => readAddresses(file)).toThrow(/^--addresses: .*addresses\.json: gateway: must be a URL$/)
    writeFileSync(file, JSON.stringify({ ...addresses, metrics: {} }))
    expect(() => readAddresses(file)).toThrow(/metrics\.gateway/)
    writeFileSync(file, '{')
    expect(() => readAddresses(file)).toThrow(/^--addresses: .* cannot be read as JSON/)
  })
})
