import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KmsKey } from '../../../../../services/runtime/adapters/kms/index.ts'
import type { KmsSettings } from '../../../../../services/runtime/adapters/kms/settings.ts'
import { ConfigError } from '../../../../../services/runtime/config.ts'
import { openMasterKeys, wrapMasterKey } from '../../../../../services/runtime/keys/key-settings.ts'
import { DependencyError } from '../../../../../services/runtime/ports.ts'
import { masterKey } from '../../../../support/builders.ts'

/** Seals as a service would: what it returns opens with the service's key only. */
const serviceKey = () => {
  const key = randomBytes(32)
  const iv = Buffer.alloc(12)
  return {
    seal: (plain: Buffer) => {
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const text = Buffer.concat([cipher.update(plain), cipher.final()])
      return Buffer.concat([cipher.getAuthTag(), text])
    },
    open: (sealed: Buffer) => {
      const decipher = createDecipheriv('aes-256-gcm', key, iv)
      decipher.setAuthTag(sealed.subarray(0, 16))
      return Buffer.concat([decipher.update(sealed.subarray(16)), decipher.final()])
    },
  }
}

type Handle = (request: IncomingMessage, body: Record<string, string>) => { status: number; json: unknown }

/** A local stand-in of a service. */
const serve = async (handle: Handle) => {
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const part of request) text += part
    const { status, json } = handle(request, JSON.parse(text || '{}'))
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(json))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

const awsStandIn = () => {
  const key = serviceKey()
  return serve((request, body) => {
    const refused = (name: string) => ({ status: 400, json: { __type: name } })
    if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKIDLOCAL/'))
      return refused('AccessDeniedException')
    if (request.headers['x-amz-target'] === 'TrentService.Encrypt') {
      if (body.KeyId !== 'alias/signals') return refused('NotFoundException')
      const blob = key.seal(Buffer.from(body.Plaintext as string, 'base64'))
      return { status: 200, json: { CiphertextBlob: blob.toString('base64'), KeyId: body.KeyId } }
    }
    try {
      const plain = key.open(Buffer.from(body.CiphertextBlob as string, 'base64'))
      return { status: 200, json: { Plaintext: plain.toString('base64'), KeyId: 'alias/signals' } }
    } catch {
      return refused('InvalidCiphertextException')
    }
  })
}

const vaultStandIn = () => {
  const key = serviceKey()
  return serve((request, body) => {
    if (request.headers['x-vault-token'] !== 's.right') return { status: 403, json: { errors: ['permission denied'] } }
    const operation = /^\/v1\/transit\/(encrypt|decrypt)\/messaging-signals$/.exec(request.url ?? '')?.[1]
    if (operation === undefined) return { status: 404, json: { errors: [] } }
    if (operation === 'encrypt') {
      const sealed = key.seal(Buffer.from(body.plaintext as string, 'base64'))
      return { status: 200, json: { data: { ciphertext: `vault:v1:${sealed.toString('base64')}` } } }
    }
    try {
      const plain = key.open(Buffer.from((body.ciphertext as string).replace('vault:v1:', ''), 'base64'))
      return { status: 200, json: { data: { plaintext: plain.toString('base64') } } }
    } catch {
      return { status: 400, json: { errors: ['invalid ciphertext'] } }
    }
  })
}

const environment = { ...process.env }
const stop: (() => void)[] = []
afterEach(() => {
  for (const one of stop.splice(0)) one()
  process.env = { ...environment }
})

const services: Record<string, () => Promise<{ key: KmsKey; settings: KmsSettings }>> = {
  'AWS KMS': async () => {
    const { url, close } = await awsStandIn()
    stop.push(close)
    // The SDK reads these itself.
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_KMS: url,
      AWS_ACCESS_KEY_ID: 'AKIDLOCAL',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_MAX_ATTEMPTS: '1',
    })
    return { key: { kms: 'aws-kms', keyId: 'alias/signals' }, settings: { AWS_REGION: 'eu-west-1' } }
  },
  Vault: async () => {
    const { url, close } = await vaultStandIn()
    stop.push(close)
    return { key: { kms: 'vault' }, settings: { VAULT_ADDR: url, VAULT_TOKEN: 's.right' } }
  },
}
const plain = { SIGNALS_MASTER_KEY: masterKey, SIGNALS_MASTER_KEY_PREVIOUS: [] }

describe.each(Object.keys(services))('a master key wrapped by %s', (name) => {
  const open = async () => {
    const { key, settings } = await (services[name] as (typeof services)[string])()
    const wrapped = await wrapMasterKey(key, { ...settings, ...plain })
    return { key, settings, wrapped }
  }

  it('is the same key, and its wrapped form does not hold it', async () => {
    const { settings, wrapped } = await open()
    expect(wrapped).not.toContain(masterKey.slice(0, 20))
    const direct = await openMasterKeys(plain)
    for (const given of [
      { SIGNALS_MASTER_KEY: wrapped, SIGNALS_MASTER_KEY_PREVIOUS: [] },
      { SIGNALS_MASTER_KEY: Buffer.alloc(32, 3).toString('base64'), SIGNALS_MASTER_KEY_PREVIOUS: [wrapped] },
    ])
      expect((await openMasterKeys({ ...settings, ...given })).ids).toContain(direct.ids[0])
  })

  it('is refused with a remedy when it was changed', async () => {
    const { settings, wrapped } = await open()
    const at = wrapped.length - 8
    const changed = `${wrapped.slice(0, at)}${wrapped[at] === 'A' ? 'B' : 'A'}${wrapped.slice(at + 1)}`
    const opening = openMasterKeys({ ...settings, SIGNALS_MASTER_KEY: changed, SIGNALS_MASTER_KEY_PREVIOUS: [] })
    await expect(opening).rejects.toThrow(ConfigError)
    await expect(opening).rejects.toThrow(/refuses.*signals keys wrap/)
    await expect(opening).rejects.not.toThrow(changed.slice(20, 40))
  })
})

describe('a service that is away or lacks a setting', () => {
  const opening = (settings: KmsSettings, key = 'vault:v1:AAAA') =>
    openMasterKeys({ ...settings, SIGNALS_MASTER_KEY: key, SIGNALS_MASTER_KEY_PREVIOUS: [] })

  it('is tried again: nothing is wrong with the settings', async () => {
    const { url, close } = await serve(() => ({ status: 503, json: { errors: ['Vault is sealed'] } }))
    await expect(opening({ VAULT_ADDR: url, VAULT_TOKEN: 's' })).rejects.toThrow(DependencyError)
    close()
    await expect(opening({ VAULT_ADDR: url, VAULT_TOKEN: 's' })).rejects.toThrow(DependencyError)
  })

  it('names the setting or the right that is missing', async () => {
    await expect(opening({})).rejects.toThrow('VAULT_ADDR is not set')
    await expect(opening({ VAULT_ADDR: 'http://127.0.0.1:1' })).rejects.toThrow('VAULT_TOKEN is not set')
    const { settings } = await (services.Vault as (typeof services)[string])()
    await expect(opening({ ...settings, VAULT_TOKEN: 's.wrong' })).rejects.toThrow(/Vault refuses \(403\).*VAULT_TOKEN/)
    const { settings: aws } = await (services['AWS KMS'] as (typeof services)[string])()
    process.env.AWS_ACCESS_KEY_ID = 'AKIDOTHER'
    await expect(opening(aws, 'aws-kms:AAAA')).rejects.toThrow(/AccessDeniedException.*kms:Decrypt/)
  })

  it('is sent no token after a redirect', async () => {
    const tokens: unknown[] = []
    const { url, close } = await serve((request) => {
      tokens.push(request.headers['x-vault-token'])
      return { status: 200, json: { data: { plaintext: masterKey } } }
    })
    const redirecting = createServer((_request, response) => {
      response.writeHead(307, { location: `${url}/v1/transit/decrypt/messaging-signals` })
      response.end()
    }).listen(0, '127.0.0.1')
    await once(redirecting, 'listening')
    const VAULT_ADDR = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`
    await expect(opening({ VAULT_ADDR, VAULT_TOKEN: 's.right' })).rejects.toThrow(DependencyError)
    expect(tokens).toEqual([])
    redirecting.closeAllConnections()
    redirecting.close()
    close()
  })
})
