import fc from 'fast-check'
import sodium from 'libsodium-wrappers'
import {
  decrypt,
  encryptInto,
  keyedHash,
  keyedHashHex,
  keyedHashStart,
  tagBytes,
} from '../../../../services/runtime/keys/libsodium/memory.ts'

const key = Buffer.alloc(32, 7)
const nonce = Buffer.alloc(24, 9)
const sealedBy = (text: Uint8Array, aad: string) => {
  const into = Buffer.alloc(3 + text.length + tagBytes)
  encryptInto(into, 3, text, { aad, nonce, key })
  return into.subarray(3)
}

describe('libsodium on a block of its memory', () => {
  beforeAll(() => sodium.ready)

  it('gives the bytes of the wrappers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.string({ unit: 'grapheme', maxLength: 160 }), (text, aad) => {
        const wrapped = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(text, Buffer.from(aad), null, nonce, key)
        expect(sealedBy(text, aad).equals(wrapped)).toBe(true)
        expect(decrypt(wrapped, { aad, nonce, key })?.equals(text)).toBe(true)
        const joined = `${aad.length}:${aad}1:x`
        expect(keyedHashHex(16, [aad, 'x'], key)).toBe(sodium.crypto_generichash(16, joined, key, 'hex'))
        expect(keyedHashStart(16, [aad, 'x'], key, 8).toString('hex')).toBe(
          sodium.crypto_generichash(16, joined, key, 'hex').slice(0, 16),
        )
        const parts = Buffer.concat([Buffer.from(aad), text])
        expect(keyedHash(24, [aad, text], key).equals(sodium.crypto_generichash(24, parts, key))).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('takes inputs of any size, beside small ones', () => {
    const large = Buffer.alloc(3_000_000, 1)
    const sealed = sealedBy(large, 'a')
    const small = sealedBy(Buffer.from('hola'), 'b')
    expect(decrypt(sealed, { aad: 'a', nonce, key })?.equals(large)).toBe(true)
    expect(decrypt(small, { aad: 'b', nonce, key })?.toString()).toBe('hola')
    const text = large.toString()
    const joined = `${text.length}:${text}`
    expect(keyedHashHex(16, [text], key)).toBe(sodium.crypto_generichash(16, joined, key, 'hex'))
  })

  it('opens nothing that was changed, or that is too short', () => {
    const sealed = sealedBy(Buffer.from('hola'), 'a')
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] as number) ^ 1
      expect(decrypt(changed, { aad: 'a', nonce, key })).toBeNull()
    }
    expect(decrypt(sealed, { aad: 'b', nonce, key })).toBeNull()
    expect(decrypt(Buffer.alloc(3), { aad: 'a', nonce, key })).toBeNull()
  })

  it('leaves no key and no text in its memory', () => {
    const secret = Buffer.from('a text that only this test has')
    const own = Buffer.from('a key of 32 bytes, of this test.')
    const into = Buffer.alloc(secret.length + tagBytes)
    encryptInto(into, 0, secret, { aad: '', nonce, key: own })
    decrypt(into, { aad: '', nonce, key: own })
    keyedHash(16, [secret], own)
    const { libsodium } = sodium as unknown as { libsodium: { HEAPU8: Uint8Array<ArrayBuffer> } }
    const memory = Buffer.from(libsodium.HEAPU8.buffer)
    expect([memory.includes(secret), memory.includes(own)]).toEqual([false, false])
  })
})
