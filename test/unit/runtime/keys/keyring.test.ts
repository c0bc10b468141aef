import { Keyring, SealBroken } from '../../../../services/runtime/keys/keyring.ts'
import { masterKey } from '../../../support/builders.ts'

const words = 'ya hice el pago, me llamo Ana'

describe('the keyring', () => {
  it('opens what it sealed', async () => {
    const key = (await Keyring.open(masterKey)).sourceKey('whatsapp')
    expect(key.open(key.seal(words, 'm1'), 'm1').toString()).toBe(words)
    expect(key.open(key.seal('', 'm1'), 'm1').toString()).toBe('')
  })

  it('seals equal input to equal bytes, so that a redelivery changes nothing', async () => {
    const one = (await Keyring.open(masterKey)).sourceKey('whatsapp')
    const other = (await Keyring.open(masterKey)).sourceKey('whatsapp')
    expect(one.seal(words, 'm1')).toEqual(other.seal(words, 'm1'))
  })

  it('uses different nonces for different texts and contexts', async () => {
    const key = (await Keyring.open(masterKey)).sourceKey('whatsapp')
    const nonces = [key.seal(words, 'm1'), key.seal(`${words}!`, 'm1'), key.seal(words, 'm2')].map((sealed) =>
      sealed.subarray(4, 28).toString('hex'),
    )
    expect(new Set(nonces).size).toBe(3)
  })

  it('shows nothing of the text', async () => {
    const sealed = (await Keyring.open(masterKey)).sourceKey('whatsapp').seal(words, 'm1')
    for (const word of words.split(' ')) expect(sealed.includes(word)).toBe(false)
  })

  it.each([
    ['another source', 'messenger', (sealed: Buffer) => sealed],
    [
      'a changed byte',
      'whatsapp',
      (sealed: Buffer) => Buffer.from(sealed).fill((sealed.at(-1) ?? 0) ^ 1, sealed.length - 1),
    ],
    ['a cut text', 'whatsapp', (sealed: Buffer) => sealed.subarray(0, 30)],
    ['nothing', 'whatsapp', () => Buffer.alloc(0)],
  ])('refuses %s', async (_name, source, change) => {
    const keyring = await Keyring.open(masterKey)
    const sealed = change(keyring.sourceKey('whatsapp').seal(words, 'm1'))
    expect(() => keyring.sourceKey(source).open(sealed, 'm1')).toThrow(SealBroken)
  })

  it('gives pseudonyms that are equal for equal parts only', async () => {
    const keyring = await Keyring.open(masterKey)
    const other = await Keyring.open(Buffer.alloc(32, 8).toString('base64'))
    const one = keyring.pseudonym('conversation', 'ab', 'c')
    expect(one).toMatch(/^[0-9a-f]{32}$/)
    expect(keyring.pseudonym('conversation', 'ab', 'c')).toBe(one)
    expect(keyring.pseudonym('conversation', 'a', 'bc')).not.toBe(one)
    expect(other.pseudonym('conversation', 'ab', 'c')).not.toBe(one)
    expect(keyring.signalId('conversation', 'ab', 'c')).not.toBe(one)
  })

  it('makes short hashes of the requested length', async () => {
    const keyring = await Keyring.open(masterKey)
    expect(keyring.shortHash(8, 'x')).toHaveLength(8)
    expect(keyring.shortHash(4, 'x')).toEqual(keyring.shortHash(8, 'x').subarray(0, 4))
  })

  it('wraps secrets and forgets a connection', async () => {
    const keyring = await Keyring.open(masterKey)
    const dataKey = keyring.newDataKey('acme')
    const sealed = keyring.connectionKey('acme', dataKey).seal(words, 'm1')
    keyring.forgetConnection('acme')
    expect(keyring.connectionKey('acme', dataKey).open(sealed, 'm1').toString()).toBe(words)
    expect(() => keyring.connectionKey('acme', keyring.newDataKey('acme')).open(sealed, 'm1')).toThrow(SealBroken)
  })

  it('names the remedy for a wrong master key', async () => {
    await expect(Keyring.open('c2hvcnQ=')).rejects.toThrow(/32 bytes in base64.*openssl rand -base64 32/)
  })
})
