/** Proof of who sent a delivery, over the bytes as they came, before anything is parsed for its content. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { RawDelivery } from '../source.ts'
import { parseJson } from './body.ts'
import type { SignatureRule } from './document.ts'
import { compilePath } from './scope.ts'
import { asText } from './values.ts'

export type Verdict = 'ok' | 'missing' | 'wrong'
export type Verify = (
  delivery: RawDelivery,
  secrets: readonly string[],
  extra: { readonly appId?: string; readonly now: number },
) => Verdict

const equal = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)
const digest = (text: string) => createHash('sha256').update(text).digest()

/** `t=1,s=ab` → {t: '1', s: 'ab'}, in any order and with spaces. */
const partsOf = (header: string): Record<string, string> =>
  Object.fromEntries(
    header.split(',').map((part) => {
      const at = part.indexOf('=')
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()]
    }),
  )

const parsedOrNull = (body: Buffer): unknown => {
  try {
    return parseJson(body.toString('utf8'))
  } catch {
    return null
  }
}

const compileOne = (rule: SignatureRule): Verify => {
  if (rule.algorithm === 'none') return () => 'ok'
  const { header } = rule
  if (rule.algorithm === 'equality') {
    return ({ headers }, secrets) => {
      const given = headers[header]
      if (!given) return 'missing'
      return secrets.some((secret) => equal(digest(given), digest(secret))) ? 'ok' : 'wrong'
    }
  }
  const { prefix, encoding, parts, signed, age, algorithm } = rule
  const segments = signed.split(/\{([^}]*)\}/)
  const usesFields =
    segments.some((segment, at) => at % 2 === 1 && segment.startsWith('body.')) ||
    age?.of.startsWith('body.') ||
    rule.body !== 'raw'

  const signatureOf = (pieces: Buffer, secret: string): Buffer =>
    algorithm === 'hmac-sha256'
      ? createHmac('sha256', secret).update(pieces).digest()
      : createHash('sha256').update(pieces).digest()

  return ({ headers, body }, secrets, { appId, now }) => {
    const value = headers[header]
    if (!value) return 'missing'
    const named = parts ? partsOf(value) : {}
    const given = parts ? (named[parts.signature] ?? '') : value
    if (given === '' || !given.startsWith(prefix)) return 'wrong'
    const expected = Buffer.from(given.slice(prefix.length), encoding)
    if (expected.length !== 32) return 'wrong'
    const content = usesFields ? parsedOrNull(body) : null
    const field = (path: string): string => asText(compilePath(path)({ body: content })) ?? ''
    if (age) {
      const at = Number(age.of.startsWith('body.') ? field(age.of) : named[age.of]) * (age.unit === 's' ? 1000 : 1)
      if (!(Math.abs(now - at) <= age.maxSeconds * 1000)) return 'wrong'
    }
    const fill = (name: string, secret: string, bytes: Buffer): Buffer => {
      if (name === 'body') return bytes
      if (name === 'secret') return Buffer.from(secret)
      // Where no id is set the body's own will do: it is signed with the rest.
      if (name === 'app_id') return Buffer.from(appId ?? field('body.app_id'))
      return Buffer.from(name.startsWith('body.') ? field(name) : (named[name] ?? ''))
    }
    const forms = [
      ...(rule.body === 'reserialised' ? [] : [body]),
      ...(rule.body === 'raw' || content === null ? [] : [Buffer.from(JSON.stringify(content))]),
    ]
    const fits = (secret: string, bytes: Buffer) => {
      const pieces = segments.map((segment, at) => (at % 2 === 1 ? fill(segment, secret, bytes) : Buffer.from(segment)))
      return equal(signatureOf(Buffer.concat(pieces), secret), expected)
    }
    return forms.some((bytes) => secrets.some((secret) => fits(secret, bytes))) ? 'ok' : 'wrong'
  }
}

export const compileSignature = (rules: readonly SignatureRule[]): Verify => {
  const ways = rules.map(compileOne)
  return (delivery, secrets, extra) => {
    for (const verify of ways) {
      const verdict = verify(delivery, secrets, extra)
      if (verdict !== 'missing') return verdict
    }
    return 'missing'
  }
}
