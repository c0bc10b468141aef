/** Verifies the sender of a delivery over its raw bytes, before the body is mapped. */
import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Proof, RawDelivery, SignatureVerdict } from '../../source.ts'
import type { DigestRule, SignatureRule } from '../language/delivery-rules.ts'
import { MappingProblem, within } from '../language/problem.ts'
import { compilePath, type Frame, type Read, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { partsOfTemplate } from '../values/template.ts'
import type { ParsedBody } from './body.ts'

interface Extra {
  readonly appId?: string
  /** ms */
  readonly now: number
}
/** @param parsed the body of `delivery`; parsed only for rules that sign fields or a reserialised body */
export type Verify = (
  delivery: RawDelivery,
  secrets: readonly string[],
  extra: Extra,
  parsed: ParsedBody,
) => SignatureVerdict

/** One way, or several alternatives, to prove who sent a delivery. */
export interface CompiledSignature {
  readonly verify: Verify
  /** What the headers alone say; reads no body. @param now ms */
  proofIn(headers: Headers, now: number): Proof
}

type Headers = RawDelivery['headers']

const missing: Proof = { kind: 'missing' }
const wrong: Proof = { kind: 'wrong' }
const none: Proof = { kind: 'none' }

const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)
const digest = (text: string) => hash('sha256', text, 'buffer')

/** `t=1,s=ab` → t: [1], s: [ab], in any order and with spaces. A part may occur twice while a secret is rotated. */
const partsOf = (header: string): Map<string, string[]> => {
  const parts = new Map<string, string[]>()
  for (const part of header.split(',', 50)) {
    const at = part.indexOf('=')
    if (at < 0) continue
    const name = part.slice(0, at).trim()
    parts.set(name, [...(parts.get(name) ?? []), part.slice(at + 1).trim()])
  }
  return parts
}

const noParts: ReadonlyMap<string, readonly string[]> = new Map()

/** The parts of one delivery that a signature may cover. */
interface Signed {
  readonly frame: Frame
  readonly parts: ReadonlyMap<string, readonly string[]>
  readonly bytes: Buffer
  readonly appId: string
}
type Piece = (signed: Signed, secret: string) => Buffer | string

const scope = Scope.root()
const field = (path: string): ((signed: Signed) => string) => {
  const read: Read = compilePath(path, scope)
  return ({ frame }) => asText(read(frame)) ?? ''
}

/** Compiles the names in one pair of braces, `a|b`: the first that is present counts. @throws MappingProblem */
const compilePiece = (names: string, hasParts: boolean): Piece => {
  const [first, ...others] = names.split('|').map((name) => compileName(name, hasParts)) as [Piece, ...Piece[]]
  if (others.length === 0) return first
  return (signed, secret) => {
    for (const piece of [first, ...others]) {
      const found = piece(signed, secret)
      if (found.length > 0) return found
    }
    return ''
  }
}

const compileName = (name: string, hasParts: boolean): Piece => {
  if (name === 'body') return ({ bytes }) => bytes
  if (name === 'secret') return (_signed, secret) => secret
  if (name === 'app_id') return ({ appId }) => appId
  if (/^(body|headers)\../.test(name)) return field(name)
  if (hasParts) return ({ parts }) => parts.get(name)?.[0] ?? ''
  throw new MappingProblem(
    `{${name}} is not a placeholder: use {body}, {secret}, {app_id}, {body.field}, {headers.name}, or with parts their names`,
  )
}

const readsBody = (text: string) => /\bbody\./.test(text)

/** The digests that a header holds, of the right length; empty for a malformed header. */
const digestsIn = (value: string, named: ReadonlyMap<string, readonly string[]>, rule: DigestRule): Buffer[] =>
  (rule.parts ? (named.get(rule.parts.signature) ?? []) : [value])
    .filter((given) => given.startsWith(rule.prefix))
    .map((given) => Buffer.from(given.slice(rule.prefix.length), rule.encoding))
    .filter((given) => given.length === 32)

const compileAge = ({ age, parts }: DigestRule): ((signed: Signed, now: number) => boolean) => {
  if (age === undefined) return () => true
  const read = within('age', () => compilePiece(age.of, parts !== undefined))
  const unit = age.unit === 's' ? 1000 : 1
  // Also false for a time that is no number.
  return (signed, now) => Math.abs(now - Number(String(read(signed, ''))) * unit) <= age.maxSeconds * 1000
}

const noBytes = Buffer.alloc(0)

const compileDigest = (rule: DigestRule): CompiledSignature => {
  const { header, parts, signed, age, algorithm } = rule
  const segments = within('signed', () =>
    partsOfTemplate(signed).map(
      (part, at): Piece => (at % 2 === 1 ? compilePiece(part, parts !== undefined) : () => part),
    ),
  )
  const isFresh = compileAge(rule)
  const ageInBody = age !== undefined && readsBody(age.of)
  const usesFields = readsBody(signed) || ageInBody
  const proof: Proof = { kind: usesFields || rule.body !== 'raw' ? 'fields' : 'bytes' }

  const fits = (delivered: Signed, secret: string, expected: readonly Buffer[]): boolean => {
    const hashing = algorithm === 'hmac-sha256' ? createHmac('sha256', secret) : createHash('sha256')
    for (const piece of segments) hashing.update(piece(delivered, secret))
    const computed = hashing.digest()
    return expected.some((given) => equal(computed, given))
  }

  return {
    proofIn: (headers, now) => {
      const value = headers[header]
      if (!value) return missing
      const named = parts ? partsOf(value) : noParts
      if (digestsIn(value, named, rule).length === 0) return wrong
      if (ageInBody) return proof
      const read: Signed = { frame: scope.frame(null, headers, null), parts: named, bytes: noBytes, appId: '' }
      return isFresh(read, now) ? proof : wrong
    },
    verify: ({ headers, body }, secrets, { appId = '', now }, parsed) => {
      const value = headers[header]
      if (!value) return 'missing'
      const named = parts ? partsOf(value) : noParts
      const expected = digestsIn(value, named, rule)
      if (expected.length === 0) return 'wrong'
      const frame = scope.frame(usesFields ? parsed.jsonOrNull() : null, headers, null)
      const raw: Signed = { frame, parts: named, bytes: body, appId }
      if (!isFresh(raw, now)) return 'wrong'
      const anyFits = (form: Signed) => secrets.some((secret) => fits(form, secret, expected))
      if (rule.body !== 'reserialised' && anyFits(raw)) return 'ok'
      if (rule.body === 'raw') return 'wrong'
      const rewritten = parsed.reserialised()
      return rewritten !== null && anyFits({ ...raw, bytes: rewritten }) ? 'ok' : 'wrong'
    },
  }
}

const compileOne = (rule: SignatureRule): CompiledSignature => {
  if (rule.algorithm === 'none') return { proofIn: () => none, verify: () => 'unsigned' }
  if (rule.algorithm !== 'equality') return compileDigest(rule)
  const { header, prefix } = rule
  const proofIn = (headers: Headers): Proof => {
    const value = headers[header]
    if (!value) return missing
    return value.startsWith(prefix) ? { kind: 'key', key: value.slice(prefix.length) } : wrong
  }
  return {
    proofIn,
    verify: ({ headers }, secrets) => {
      const proof = proofIn(headers)
      if (proof.kind !== 'key') return proof.kind === 'missing' ? 'missing' : 'wrong'
      // Digests have equal lengths for any header, so the time of the comparison reveals nothing.
      const given = digest(proof.key)
      return secrets.some((secret) => equal(given, digest(secret))) ? 'ok' : 'wrong'
    },
  }
}

/** Compiles alternatives: the first whose header is present decides. @throws MappingProblem */
export const compileSignature = (rules: readonly SignatureRule[]): CompiledSignature => {
  const ways = rules.map((rule, at) => (rules.length === 1 ? compileOne(rule) : within(at, () => compileOne(rule))))
  return {
    proofIn: (headers, now) => {
      for (const way of ways) {
        const proof = way.proofIn(headers, now)
        if (proof.kind !== 'missing') return proof
      }
      return missing
    },
    verify: (delivery, secrets, extra, parsed) => {
      for (const way of ways) {
        const verdict = way.verify(delivery, secrets, extra, parsed)
        if (verdict !== 'missing') return verdict
      }
      return 'missing'
    },
  }
}
