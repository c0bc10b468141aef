/**
 * Keyed BLAKE2b and XChaCha20-Poly1305 of libsodium on a block of its memory that stays allocated. `libsodium-wrappers` gives the same
 * bytes, but allocates, copies and frees each argument of each call, which takes longer than the hash of an id.
 *
 * Every call overwrites its key and its input before it returns. The wrappers leave both in freed memory.
 */
import sodium from 'libsodium-wrappers'

type CFunction = (...args: number[]) => number

/** The functions of the C library that are used here, with its arguments. A length has two 32-bit halves, low first. */
interface Raw {
  readonly HEAPU8: Uint8Array<ArrayBuffer>
  readonly _malloc: CFunction
  readonly _free: CFunction
  readonly _crypto_generichash: CFunction
  readonly _crypto_aead_xchacha20poly1305_ietf_encrypt: CFunction
  readonly _crypto_aead_xchacha20poly1305_ietf_decrypt: CFunction
}

const keyBytes = 32
export const nonceBytes = 24
export const tagBytes = 16
const hashMaxBytes = 64
/** Of the inputs and the output of one call; a larger call allocates a block of its own. */
const usualBytes = 65_536

/** Places in the block. */
const nonceAt = keyBytes
const hashAt = nonceAt + nonceBytes
const inputAt = hashAt + hashMaxBytes

/** The C library under the wrappers, which export it without a type. */
let raw: Raw
let heap = Buffer.alloc(0)
let usual = 0

/** @param bytes inputs and output. @returns where the block begins; `heap` then holds it */
const blockOf = (bytes: number): number => {
  raw ??= (sodium as unknown as { readonly libsodium: Raw }).libsodium
  const isUsual = bytes <= usualBytes
  if (isUsual && usual === 0) usual = raw._malloc(inputAt + usualBytes)
  const block = isUsual ? usual : raw._malloc(inputAt + bytes)
  if (block === 0) throw new RangeError('libsodium has no memory left')
  // The memory moves when it grows.
  if (heap.buffer !== raw.HEAPU8.buffer) heap = Buffer.from(raw.HEAPU8.buffer)
  return block
}

/** @param end of what the call has written */
const release = (block: number, end: number): void => {
  heap.fill(0, block, end)
  if (block !== usual) raw._free(block)
}

/** UTF-8 has at most three bytes for each unit of UTF-16. */
const mostBytesOf = (input: string | Uint8Array) => (typeof input === 'string' ? 3 : 1) * input.length

/** @returns the end of the input */
const put = (input: string | Uint8Array, at: number): number => {
  if (typeof input === 'string') return at + heap.write(input, at)
  heap.set(input, at)
  return at + input.length
}

const copyOf = (from: number, bytes: number): Buffer => {
  const copy = Buffer.allocUnsafe(bytes)
  // Hashes are shorter than what a call costs.
  if (bytes <= 32) for (let at = 0; at < bytes; at++) copy[at] = heap[from + at] as number
  else heap.copy(copy, 0, from, from + bytes)
  return copy
}

/** libsodium must be ready. @param inputs hashed as one. @param key 32 bytes. @param size of the hash, 16 to 64 bytes */
export const keyedHash = (size: number, inputs: readonly (string | Uint8Array)[], key: Uint8Array): Buffer => {
  let most = 0
  for (const input of inputs) most += mostBytesOf(input)
  const block = blockOf(most)
  heap.set(key, block)
  const input = block + inputAt
  let end = input
  for (const one of inputs) end = put(one, end)
  raw._crypto_generichash(block + hashAt, size, input, end - input, 0, block, keyBytes)
  const hash = copyOf(block + hashAt, size)
  release(block, end)
  return hash
}

/** Puts the parts with length prefixes, so that ["ab","c"] and ["a","bc"] are different inputs. @returns the end */
const putJoined = (parts: readonly string[], at: number): number => {
  let end = at
  for (const part of parts) {
    const { length } = part
    // A length of two digits at most is written without a call.
    if (length < 100) {
      if (length > 9) heap[end++] = digitZero + Math.floor(length / 10)
      heap[end++] = digitZero + (length % 10)
    } else end += heap.write(String(length), end)
    heap[end++] = colon
    end += heap.write(part, end)
  }
  return end
}
const digitZero = 0x30
const colon = 0x3a
/** A length in digits and a colon. */
const prefixBytes = 11

/** @returns the block, with the hash at `hashAt`, and the end of what the call has written */
const hashJoined = (size: number, parts: readonly string[], key: Uint8Array): { block: number; end: number } => {
  let most = 0
  for (const part of parts) most += prefixBytes + mostBytesOf(part)
  const block = blockOf(most)
  heap.set(key, block)
  const input = block + inputAt
  const end = putJoined(parts, input)
  raw._crypto_generichash(block + hashAt, size, input, end - input, 0, block, keyBytes)
  return { block, end }
}

/** Keyed hash of texts, each with its length, in lower-case hex digits. */
export const keyedHashHex = (size: number, parts: readonly string[], key: Uint8Array): string => {
  const { block, end } = hashJoined(size, parts, key)
  const hash = heap.toString('hex', block + hashAt, block + hashAt + size)
  release(block, end)
  return hash
}

/** The first bytes of the same. @param taken how many */
export const keyedHashStart = (size: number, parts: readonly string[], key: Uint8Array, taken: number): Buffer => {
  const { block, end } = hashJoined(size, parts, key)
  const hash = copyOf(block + hashAt, taken)
  release(block, end)
  return hash
}

interface Sealing {
  readonly aad: string
  readonly nonce: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

/** libsodium must be ready. @param into gets the sealed text, `tagBytes` longer than the plain text, from `at` on */
export const encryptInto = (into: Buffer, at: number, plaintext: Uint8Array, { aad, nonce, key }: Sealing): void => {
  const { length } = plaintext
  const block = blockOf(mostBytesOf(aad) + 2 * length + tagBytes)
  heap.set(key, block)
  heap.set(nonce, block + nonceAt)
  const text = block + inputAt
  const aadAt = put(plaintext, text)
  const out = put(aad, aadAt)
  const nonceIn = block + nonceAt
  raw._crypto_aead_xchacha20poly1305_ietf_encrypt(out, 0, text, length, 0, aadAt, out - aadAt, 0, 0, nonceIn, block)
  heap.copy(into, at, out, out + length + tagBytes)
  release(block, out)
}

/** libsodium must be ready. @returns null when the text does not open: another key, nonce or associated data, or damage */
export const decrypt = (sealed: Uint8Array, { aad, nonce, key }: Sealing): Buffer | null => {
  const { length } = sealed
  const plainBytes = length - tagBytes
  if (plainBytes < 0) return null
  const block = blockOf(mostBytesOf(aad) + length + plainBytes)
  heap.set(key, block)
  heap.set(nonce, block + nonceAt)
  const text = block + inputAt
  const aadAt = put(sealed, text)
  const out = put(aad, aadAt)
  const open = raw._crypto_aead_xchacha20poly1305_ietf_decrypt
  const failure = open(out, 0, 0, text, length, 0, aadAt, out - aadAt, 0, block + nonceAt, block)
  const plaintext = failure === 0 ? copyOf(out, plainBytes) : null
  release(block, out + plainBytes)
  return plaintext
}
