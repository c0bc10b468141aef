/**
 * The packed form of what rules have fired. Used in Redis only; a value of another format is treated as absent.
 *
 *     format (1) · version (2) · consent + 1, 0 for none (6) · count of fired (2) · hashes (8 each) · per fact: hash (8), time (6)
 */
import {
  format,
  formatMask,
  headerBytes,
  maxVersion,
  type StateFormat,
  versionAt,
} from '../../runtime/versioned-state/format.ts'
import type { RuleState } from './state.ts'

const hashBytes = 8
const timeBytes = 6
const firedAt = headerBytes + timeBytes
const fixedBytes = firedAt + 2
const factBytes = hashBytes + timeBytes

export const packRuleState = ({ fired, facts, consent, version }: RuleState): Buffer => {
  const bytes = Buffer.allocUnsafe(fixedBytes + fired.length * hashBytes + facts.length * factBytes)
  bytes[0] = format
  bytes.writeUInt16BE(Math.min(version, maxVersion), versionAt)
  bytes.writeUIntBE(consent === null ? 0 : consent + 1, headerBytes, timeBytes)
  bytes.writeUInt16BE(fired.length, firedAt)
  let at = fixedBytes
  for (const hash of fired) at += bytes.write(hash, at, hashBytes, 'hex')
  for (const { fact, since } of facts) {
    at += bytes.write(fact, at, hashBytes, 'hex')
    at = bytes.writeUIntBE(since, at, timeBytes)
  }
  return bytes
}

/** null when the bytes have another format. */
export const unpackRuleState = (bytes: Buffer): RuleState | null => {
  if (bytes.length < fixedBytes || ((bytes[0] as number) & formatMask) !== format) return null
  const count = bytes.readUInt16BE(firedAt)
  const factsAt = fixedBytes + count * hashBytes
  if (factsAt > bytes.length || (bytes.length - factsAt) % factBytes !== 0) return null
  const hashAt = (at: number) => bytes.toString('hex', at, at + hashBytes)
  const consent = bytes.readUIntBE(headerBytes, timeBytes)
  return {
    fired: Array.from({ length: count }, (_, index) => hashAt(fixedBytes + index * hashBytes)),
    facts: Array.from({ length: (bytes.length - factsAt) / factBytes }, (_, index) => {
      const at = factsAt + index * factBytes
      return { fact: hashAt(at), since: bytes.readUIntBE(at + hashBytes, timeBytes) }
    }),
    consent: consent === 0 ? null : consent - 1,
    version: bytes.readUInt16BE(versionAt),
  }
}

/** One letter: a key keeps within Redis's next size of allocation. */
export const ruleStateFormat: StateFormat<RuleState> = {
  name: 'rules',
  infix: 'r',
  pack: packRuleState,
  unpack: unpackRuleState,
}
