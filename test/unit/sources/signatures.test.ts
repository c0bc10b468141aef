import { createHash, createHmac } from 'node:crypto'
import { deliveryOf, sourceNamed, sources } from '../../support/deliveries.ts'

const secret = 'made up secret'
const hmac = (text: string, encoding: 'hex' | 'base64') => createHmac('sha256', secret).update(text).digest(encoding)
/** What a source would put beside its body, by its public rules. */
const schemes: Record<string, (body: string) => Record<string, string>> = {
  haravan: (body) => ({ 'x-haravan-hmacsha256': hmac(body, 'base64') }),
  pancake: (body) => ({ 'x-pancake-signature': `sha256=${hmac(body, 'hex')}` }),
  respondio: (body) => ({ 'x-webhook-signature': hmac(JSON.stringify(JSON.parse(body)), 'base64') }),
}
const spaced = '{ "text": "ขอบคุณ 🙏 caf\\u00e9", "n": 1.0 }'

describe.each(Object.keys(schemes))('the signature of %s', (name) => {
  const headers = schemes[name]?.(spaced) ?? {}
  const verify = (body: string, given: Record<string, string>, secrets = [secret]) =>
    sourceNamed(name).verify(deliveryOf(name, body, { headers: given }), secrets, { now: 0 })

  it('holds over what the source signs, with one of several secrets', () => {
    expect(verify(spaced, headers)).toBe('ok')
    expect(verify(spaced, headers, ['old', secret])).toBe('ok')
  })

  it('does not hold over another body, with another secret or as a plain digest', () => {
    expect(verify(spaced.replace('1.0', '2'), headers)).toBe('wrong')
    expect(verify(spaced, headers, ['other'])).toBe('wrong')
    const digest = createHash('sha256').update(spaced).digest()
    const [header] = Object.keys(headers) as [string]
    expect(verify(spaced, { [header]: digest.toString('hex') })).toBe('wrong')
    expect(verify(spaced, {})).toBe('missing')
  })
})

describe('respond.io', () => {
  it('may have signed the raw body just as well', () => {
    const headers = { 'x-webhook-signature': hmac(spaced, 'base64') }
    const { verify } = sourceNamed('respondio')
    expect(verify(deliveryOf('respondio', spaced, { headers }), [secret], { now: 0 })).toBe('ok')
  })
})

describe('every source', () => {
  it('proves itself in some way', () => {
    for (const name of sources.names())
      expect({ name, signed: sourceNamed(name).signed }).toEqual({ name, signed: true })
  })
})
