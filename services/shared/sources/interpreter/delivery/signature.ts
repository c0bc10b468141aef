/** Verifies the sender of a delivery over its raw bytes, before the body is mapped. */
import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { RawDelivery } from '../../source.ts'
import type { DigestRule, SignatureRule } from '../language/delivery-rules.ts'
import { MappingProblem, within } from '../language/problem.ts'
import { compilePath, type Frame, type Read, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { partsOfTemplate } from '../values/template.ts'
import type { ParsedBody } from './body.ts'

export type SignatureVerdict = 'ok' | 'missing' | 'wrong'
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

const compileDigest = (rule: DigestRule): Verify => {
  const { header, prefix, encoding, parts, signed, age, algorithm } = rule
  const segments = within('signed', () =>
    partsOfTemplate(signed).map(
      (part, at): Piece => (at % 2 === 1 ? compilePiece(part, parts !== undefined) : () => part),
    ),
  )
  const ageOf = age === undefined ? undefined : within('age', () => compilePiece(age.of, parts !== undefined))
  const usesFields = readsBody(signed) || (age !== undefined && readsBody(age.of))

  const fits = (delivered: Signed, secret: string, expected: readonly Buffer[]): boolean => {
    const hashing = algorithm === 'hmac-sha256' ? createHmac('sha256', secret) : createHash('sha256')
    for (const piece of segments) hashing.update(piece(delivered, secret))
    const computed = hashing.digest()
    return expected.some((given) => equal(computed, given))
  }

  return ({ headers, body }, secrets, { appId = '', now }, parsed) => {
    const value = headers[header]
    if (!value) return 'missing'
    const named = parts ? partsOf(value) : new Map<string, string[]>()
    const expected = (parts ? (named.get(parts.signature) ?? []) : [value])
      .filter((given) => given.startsWith(prefix))
      .map((given) => Buffer.from(given.slice(prefix.length), encoding))
      .filter((given) => given.length === 32)
    if (expected.length === 0) return 'wrong'
    const frame = scope.frame(usesFields ? parsed.jsonOrNull() : null, headers, null)
    const raw: Signed = { frame, parts: named, bytes: body, appId }
    if (age && ageOf) {
      const at = Number(String(ageOf(raw, ''))) * (age.unit === 's' ? 1000 : 1)
      if (!(Math.abs(now - at) <= age.maxSeconds * 1000)) return 'wrong'
    }
    const rewritten = rule.body === 'raw' ? null : parsed.reserialised()
    const forms = [
      ...(rule.body === 'reserialised' ? [] : [raw]),
      ...(rewritten === null ? [] : [{ ...raw, bytes: rewritten }]),
    ]
    return forms.some((form) => secrets.some((secret) => fits(form, secret, expected))) ? 'ok' : 'wrong'
  }
}

const compileOne = (rule: SignatureRule): Verify => {
  if (rule.algorithm === 'none') return () => 'ok'
  if (rule.algorithm !== 'equality') return compileDigest(rule)
  const { header, prefix } = rule
  return ({ headers }, secrets) => {
    const value = headers[header]
    if (!value) return 'missing'
    if (!value.startsWith(prefix)) return 'wrong'
    // Digests have equal lengths for any header, so the time of the comparison reveals nothing.
    const given = digest(value.slice(prefix.length))
    return secrets.some((secret) => equal(given, digest(secret))) ? 'ok' : 'wrong'
  }
}

/** Compiles alternatives: the first whose header is present decides. @throws MappingProblem */
export const compileSignature = (rules: readonly SignatureRule[]): Verify => {
  const ways = rules.map((rule, at) => (rules.length === 1 ? compileOne(rule) : within(at, () => compileOne(rule))))
  return (delivery, secrets, extra, parsed) => {
    for (const verify of ways) {
      const verdict = verify(delivery, secrets, extra, parsed)
      if (verdict !== 'missing') return verdict
    }
    return 'missing'
  }
}
