import { Keyring, SealBroken, SealingKey } from '../../../../services/runtime/keys/keyring.ts'
import { openContent, sealContent } from '../../../../services/runtime/keys/sealed-content.ts'
import { masterKey } from '../../../support/builders.ts'

const words = 'ya hice el pago, me llamo Ana'
const bytes = (base64: string) => Buffer.from(base64, 'base64')

/** As an earlier version wrote them under the master key of the tests: the context in the nonce only. */
const before = {
  body: 'uqU9Fx4ABclA5ZUqmMNtKbM02zV8fb5TRk0cYboSjTXdd0FnPUkqAYXtEXbQYfw9ezxtqOGwMiesRoI2z8W/SaNTLnMx',
  token: 'U0dXMUsDy6cESUDtri6Id9Aja5eeD55NnNsAOwMchzXOF5ifYI/iqKivYdSrXr4N40fszx9U63wsIzOw9tdOMyUW',
  unnamedToken: 'ri6Id9Aja5eeD55NnNsAOwMchzXOF5ifYI/iqKivYdSrXr4N40fszx9U63wsIzOw9tdOMyUW',
  dataKey:
    'U0dXMUsDy6cESUDts/jS7If3nYgACBXxwpBbjcwRv1pZJJ8O8iCVjY+7tQe4JN2wrtuX/7iEBjKgvODEE4+trWTBvKKAtuftZtBQ3/bw5LVUZFmj',
  text: 'tCEwM0HWEJague5Idy+EuYbTH7qSHv4v39i1+9J9uWIfTQgzytvjP9eLTyw=',
  deadLetter: 'Pa/2coEsfD9ZAcJMAzfbS3+HFXWKqRRG1kTvIBJhmbRIl7SsEL4MeQdkN5Pr0WhQ',
}

describe('sealed bytes', () => {
  it('open under their own context only', async () => {
    const key = (await Keyring.open(masterKey)).sourceKey('whatsapp')
    const sealed = key.seal(words, 'm1')
    expect(key.open(sealed, 'm1').toString()).toBe(words)
    for (const other of ['m2', '', 'm1 ']) expect(() => key.open(sealed, other)).toThrow(SealBroken)
  })

  it("of one connection's token do not open in the place of another's", async () => {
    const keyring = await Keyring.open(masterKey)
    const token = keyring.wrap('token of A', 'token:A')
    expect(keyring.unwrap(token, 'token:A').toString()).toBe('token of A')
    for (const context of ['token:B', 'webhook-secret:A', 'account-token:A'] as const)
      expect(() => keyring.unwrap(token, context)).toThrow(SealBroken)
  })

  it("of one message's content do not open in the place of another's", async () => {
    const keyring = await Keyring.open(masterKey)
    const key = keyring.connectionKey('A', keyring.newDataKey('A'))
    const [one, other] = ['a0'.repeat(16), 'b0'.repeat(16)] as const
    const content = { text: words, links: [], referral: null }
    const sealed = sealContent(content, key, one as never)
    expect(openContent(sealed, key, one as never).text).toBe(words)
    expect(() => openContent(sealed, key, other as never)).toThrow(SealBroken)
  })

  it('may have bytes in front, which the caller takes off again', async () => {
    const key = new SealingKey(Buffer.alloc(32, 1))
    const sealed = key.seal(words, 'm1', Buffer.from('box'))
    expect(sealed.subarray(0, 3).toString()).toBe('box')
    expect(key.open(sealed.subarray(3), 'm1').toString()).toBe(words)
  })

  it('do not open once their key is erased, and nothing more is sealed', async () => {
    await Keyring.open(masterKey)
    const raw = Buffer.alloc(32, 1)
    const key = new SealingKey(raw)
    const sealed = key.seal(words, 'm1')
    key.erase()
    expect(raw).toEqual(Buffer.alloc(32))
    expect(() => key.open(sealed, 'm1')).toThrow(SealBroken)
    expect(() => key.seal(words, 'm1')).toThrow(/erased/)
  })
})

describe('bytes of an earlier version', () => {
  it('open as before', async () => {
    const keyring = await Keyring.open(masterKey)
    expect(keyring.sourceKey('whatsapp').open(bytes(before.body), 'whatsapp').toString()).toBe(words)
    expect(keyring.unwrap(bytes(before.token), 'token:acme-wa').toString()).toBe('a-secret-token')
    expect(keyring.unwrap(bytes(before.unnamedToken), 'token:acme-wa').toString()).toBe('a-secret-token')
    const dataKey = keyring.connectionKey('acme-wa', bytes(before.dataKey))
    expect(dataKey.open(bytes(before.text), 'm').toString()).toBe('hola')
    const deadLetters = keyring.sourceKey('dead-letters')
    expect(deadLetters.open(bytes(before.deadLetter), 'messages.v1/0/1').toString()).toBe('original')
  })

  it('open also where their random start looks like the marker of the present form', async () => {
    await Keyring.open(masterKey)
    const key = new SealingKey(Buffer.alloc(32, 1), { opensUnbound: true })
    const strict = new SealingKey(Buffer.alloc(32, 1))
    const sodium = (await import('libsodium-wrappers')).default
    const nonce = Buffer.concat([Buffer.from('SGS2'), Buffer.alloc(20, 3)])
    const text = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(words, null, null, nonce, Buffer.alloc(32, 1))
    const old = Buffer.concat([nonce, text])
    expect(key.open(old, 'm1').toString()).toBe(words)
    expect(() => strict.open(old, 'm1')).toThrow(SealBroken)
  })

  it('do not open under a key that never sealed any', async () => {
    await Keyring.open(masterKey)
    expect(() => new SealingKey(Buffer.alloc(32, 1)).open(bytes(before.body), 'whatsapp')).toThrow(SealBroken)
  })
})
