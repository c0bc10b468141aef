/**
 * The packed form of a conversation's state: 52 bytes for one that came by an ad. Used in Redis only; a value of
 * another format is treated as absent.
 *
 *     format and flags (1) · version (2) · base time (6) · then, as flags and counts say: start, last message, first messages,
 *     touches, restarts, waiting, aliases, consent, then sections that a byte in front names. Times are differences from the base, zigzag varints; ids 6 bytes.
 */
import { format, formatMask, maxVersion, versionAt } from '../../runtime/versioned-state/format.ts'
import { referralSources } from '../model/message-event.ts'
import type { Moment, Provenance, Touch } from '../model/topic-values.ts'
import type { ConversationState } from './state.ts'

const flag = { started: 1, lastAt: 2, restarts: 4, waiting: 8, aliases: 16, consent: 32 } as const
/** What versions of this code that know less skip: they end at the consent. */
const section = { counted: 1, origins: 2 } as const
const idBytes = 6
const aliasBytes = 16

/** Decimal ids without leading zeros, such as those of TikTok's ads, are packed as numbers. */
const decimal = /^[1-9][0-9]{0,37}$/
const textOf = (digits: Buffer) => BigInt(`0x${digits.toString('hex')}`).toString()
const digitsOf = (text: string) => {
  const hex = BigInt(text).toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

class Writer {
  #bytes = Buffer.allocUnsafe(256)
  #at = 0

  #reserve(size: number) {
    if (this.#at + size <= this.#bytes.length) return
    this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#at)], 2 * (this.#at + size))
  }
  byte(value: number) {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }
  bytes(value: Uint8Array) {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }
  hex(digits: string, size: number) {
    this.#reserve(size)
    this.#bytes.write(digits, this.#at, size, 'hex')
    this.#at += size
  }
  uint(value: number, size: number) {
    this.#reserve(size)
    this.#bytes.writeUIntBE(value, this.#at, size)
    this.#at += size
  }
  unsigned(value: number) {
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80)
    this.byte(rest)
  }
  signed(value: number) {
    this.unsigned(value < 0 ? -value * 2 - 1 : value * 2)
  }
  id = (digits: string) => this.hex(digits, idBytes)
  moments(moments: readonly Moment[], base: number) {
    this.unsigned(moments.length)
    for (const { message, occurredAt } of moments) {
      this.id(message)
      this.signed(occurredAt - base)
    }
  }
  /** A copy, so that the rest of the buffer can be freed. */
  done = () => Buffer.from(this.#bytes.subarray(0, this.#at))
}

class Reader {
  readonly #bytes: Buffer
  #at = 0
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  byte(): number {
    return this.#bytes.readUInt8(this.#at++)
  }
  bytes(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw new RangeError('packed state ends early')
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
  unsigned(): number {
    let value = 0
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  signed(): number {
    const value = this.unsigned()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  id = () => this.bytes(idBytes).toString('hex')
  list = <Item>(read: () => Item): Item[] => Array.from({ length: this.unsigned() }, read)
  ids = () => this.list(this.id)
  get isAtEnd() {
    return this.#at >= this.#bytes.length
  }
  moments(base: number): Moment[] {
    return Array.from({ length: this.unsigned() }, () => ({ message: this.id(), occurredAt: base + this.signed() }))
  }
}

/** Writes length and kind in one number. Bit 0: packed as a number; bit 1: counts among the first messages only. */
const writeTouch = (to: Writer, { occurredAt, trackingId, message, within }: Touch, base: number) => {
  const isDigits = decimal.test(trackingId)
  const value = isDigits ? digitsOf(trackingId) : Buffer.from(trackingId)
  to.signed(occurredAt - base)
  to.unsigned(value.length * 4 + (isDigits ? 1 : 0) + (message === null ? 0 : 2))
  to.bytes(value)
  if (message === null) return
  to.id(message)
  to.byte(within)
}

const readTouch = (from: Reader, base: number): Touch => {
  const occurredAt = base + from.signed()
  const head = from.unsigned()
  const value = from.bytes(Math.floor(head / 4))
  const trackingId = head & 1 ? textOf(value) : value.toString()
  return head & 2
    ? { occurredAt, trackingId, message: from.id(), within: from.byte() }
    : { occurredAt, trackingId, message: null, within: 0 }
}

/** Most ids of ads are the tracking ID of the touch of that time. Low bits: 0 no id, 1 that of the touch, 2 text, 3 packed as a number. */
const writeOrigin = (to: Writer, { occurredAt, source, adId }: Provenance, touches: readonly Touch[], base: number) => {
  const ofTime = touches.find((one) => one.occurredAt === occurredAt)
  const isOfTouch = adId !== null && ofTime?.trackingId === adId
  const isDigits = adId !== null && decimal.test(adId)
  to.signed(occurredAt - base)
  to.byte(referralSources.indexOf(source) * 4 + (adId === null ? 0 : isOfTouch ? 1 : isDigits ? 3 : 2))
  if (adId === null || isOfTouch) return
  const id = isDigits ? digitsOf(adId) : Buffer.from(adId)
  to.unsigned(id.length)
  to.bytes(id)
}

const readOrigin = (from: Reader, touches: readonly Touch[], base: number): Provenance => {
  const occurredAt = base + from.signed()
  const head = from.byte()
  const source = referralSources[head >> 2] ?? 'other'
  const kind = head & 3
  if (kind === 0) return { occurredAt, source, adId: null }
  if (kind === 1)
    return { occurredAt, source, adId: touches.find((one) => one.occurredAt === occurredAt)?.trackingId ?? null }
  const id = from.bytes(from.unsigned())
  return { occurredAt, source, adId: kind === 3 ? textOf(id) : id.toString() }
}

export const pack = (state: ConversationState): Buffer => {
  const { startedBy, startedAt, restarts, firstMessages, touches, lastAt, waiting, waitUntil, aliases, consent } = state
  const base = startedAt ?? touches[0]?.occurredAt ?? waiting[0]?.occurredAt ?? lastAt ?? 0
  const to = new Writer()
  to.byte(
    format |
      (startedBy === null ? 0 : flag.started) |
      (lastAt === null ? 0 : flag.lastAt) |
      (restarts.length === 0 ? 0 : flag.restarts) |
      (waiting.length === 0 ? 0 : flag.waiting) |
      (aliases.length === 0 ? 0 : flag.aliases) |
      (consent === null ? 0 : flag.consent),
  )
  to.uint(Math.min(state.version, maxVersion), 2)
  to.uint(base, 6)
  if (startedBy !== null) {
    // Usually one of the first messages, so its index is enough.
    const index = firstMessages.findIndex(({ message }) => message === startedBy)
    to.byte(index + 1)
    if (index < 0) to.id(startedBy)
  }
  if (lastAt !== null) to.signed(lastAt - base)
  to.moments(firstMessages, base)
  to.unsigned(touches.length)
  for (const touch of touches) writeTouch(to, touch, base)
  if (restarts.length > 0) to.moments(restarts, base)
  if (waiting.length > 0) {
    to.moments(waiting, base)
    to.signed((waitUntil ?? base) - base)
  }
  if (aliases.length > 0) {
    to.unsigned(aliases.length)
    for (const alias of aliases) to.hex(alias, aliasBytes)
  }
  if (consent !== null) to.signed(consent - base)
  if (state.counted.length > 0) {
    to.byte(section.counted)
    to.unsigned(state.counted.length)
    for (const message of state.counted) to.id(message)
  }
  if (state.origins.length > 0) {
    to.byte(section.origins)
    to.unsigned(state.origins.length)
    for (const origin of state.origins) writeOrigin(to, origin, touches, base)
  }
  return to.done()
}

/** null when the bytes have another format. */
export const unpack = (bytes: Buffer): ConversationState | null => {
  const first = bytes[0] ?? 0
  if ((first & formatMask) !== format || bytes.length < 9) return null
  const has = (bit: number) => (first & bit) !== 0
  const from = new Reader(bytes.subarray(9))
  const version = bytes.readUInt16BE(versionAt)
  const base = bytes.readUIntBE(3, 6)
  const startIndex = has(flag.started) ? from.byte() : 0
  const startedById = has(flag.started) && startIndex === 0 ? from.id() : null
  const lastAt = has(flag.lastAt) ? base + from.signed() : null
  const firstMessages = from.moments(base)
  const touches = Array.from({ length: from.unsigned() }, () => readTouch(from, base))
  const restarts = has(flag.restarts) ? from.moments(base) : []
  const waiting = has(flag.waiting) ? from.moments(base) : []
  const waitUntil = has(flag.waiting) ? base + from.signed() : null
  const aliases = has(flag.aliases)
    ? Array.from({ length: from.unsigned() }, () => from.bytes(aliasBytes).toString('hex'))
    : []
  const consent = has(flag.consent) ? base + from.signed() : null
  let counted: string[] = []
  let origins: Provenance[] = []
  while (!from.isAtEnd) {
    const kind = from.byte()
    if (kind === section.counted) counted = from.ids()
    else if (kind === section.origins) origins = from.list(() => readOrigin(from, touches, base))
    else break
  }
  return {
    startedBy: has(flag.started) ? (startedById ?? firstMessages[startIndex - 1]?.message ?? null) : null,
    startedAt: has(flag.started) ? base : null,
    restarts,
    firstMessages,
    touches,
    lastAt,
    waiting,
    waitUntil,
    origins,
    counted,
    aliases,
    consent,
    version,
  }
}
