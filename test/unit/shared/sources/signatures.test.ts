import { createHash, createHmac } from 'node:crypto'
import { dedupWindowMs } from '../../../../services/ingest/identity.ts'
import { tiktokText, whatsappText } from '../../../../services/local/demo/webhooks.ts'
import type { RawDelivery } from '../../../../services/shared/sources/index.ts'
import { noon } from '../../../support/builders.ts'
import { deliveryOf, sourceNamed, sources } from '../../../support/deliveries.ts'

const secret = 'made up secret'
const plain = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (text: string, encoding: 'hex' | 'base64') => createHmac('sha256', secret).update(text).digest(encoding)
/** The headers that a source sends with a body, by its public rules. */
const schemes: Record<string, (body: string) => Record<string, string>> = {
  instagram: (body) => ({ 'x-hub-signature-256': `sha256=${hmac(body, 'hex')}` }),
  line: (body) => ({ 'x-line-signature': hmac(body, 'base64') }),
  messenger: (body) => ({ 'x-hub-signature-256': `sha256=${hmac(body, 'hex')}` }),
  whatsapp: (body) => ({ 'x-hub-signature-256': `sha256=${hmac(body, 'hex')}` }),
  haravan: (body) => ({ 'x-haravan-hmacsha256': hmac(body, 'base64') }),
  pancake: (body) => ({ 'x-pancake-signature': `sha256=${hmac(body, 'hex')}` }),
  respondio: (body) => ({ 'x-webhook-signature': hmac(JSON.stringify(JSON.parse(body)), 'base64') }),
  zalo: (body) => {
    const { app_id, timestamp } = JSON.parse(body) as { app_id: string; timestamp: string }
    return { 'x-zevent-signature': `mac=${plain(`${app_id}${body}${timestamp}${secret}`)}` }
  },
}
/** The signed time of `spaced`, ms. */
const signedAt = 1_795_436_400_000
const spaced = '{ "app_id": "11", "text": "ขอบคุณ 🙏 caf\\u00e9", "n": 1.0, "timestamp": "1795436400000" }'

describe.each(Object.keys(schemes))('the signature of %s', (name) => {
  const headers = schemes[name]?.(spaced) ?? {}
  const verify = (body: string, given: Record<string, string>, secrets = [secret]) =>
    sourceNamed(name).verify(deliveryOf(name, body, { headers: given }), secrets, { now: signedAt })

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

describe('the signature of Zalo', () => {
  it('is over the id of the app that is set here, where one is', () => {
    const headers = { 'x-zevent-signature': `mac=${plain(`77${spaced}1795436400000${secret}`)}` }
    const verify = (appId?: string) =>
      sourceNamed('zalo').verify(deliveryOf('zalo', spaced, { headers }), [secret], {
        now: signedAt,
        ...(appId && { appId }),
      })
    expect(verify('77')).toBe('ok')
    expect(verify()).toBe('wrong')
  })

  it('is taken for three days, which covers all retries', () => {
    const headers = schemes.zalo?.(spaced) ?? {}
    const verify = (off: number) =>
      sourceNamed('zalo').verify(deliveryOf('zalo', spaced, { headers }), [secret], { now: signedAt + off })
    const day = 86_400_000
    expect([0, 2.9 * day, 3.1 * day, -3.1 * day].map(verify)).toEqual(['ok', 'ok', 'wrong', 'wrong'])
    expect(3 * day).toBeLessThan(dedupWindowMs)
  })
})

describe('the token of Telegram', () => {
  it('is one of the secrets, letter by letter', () => {
    const verify = (token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { 'x-telegram-bot-api-secret-token': token }
      return sourceNamed('telegram').verify(deliveryOf('telegram', '{}', { headers }), ['old', secret], { now: 0 })
    }
    expect([verify(secret), verify('old'), verify(`${secret} `), verify()]).toEqual(['ok', 'ok', 'wrong', 'missing'])
  })
})

describe.each(['messenger', 'instagram', 'whatsapp'])('the handshake of %s', (name) => {
  const ask = (query: string) =>
    sourceNamed(name).handshake(new URLSearchParams(query), {}, { verifyTokens: ['set'], secrets: [] })
  it('returns the challenge to a caller that knows the verify token', () => {
    expect(ask('hub.mode=subscribe&hub.verify_token=set&hub.challenge=42')).toMatchObject({ status: 200, body: '42' })
    expect(ask('hub.mode=subscribe&hub.verify_token=guess&hub.challenge=42').status).toBe(403)
    expect(ask('hub.mode=subscribe').status).toBe(400)
  })
})

describe('respond.io', () => {
  it('may also have signed the raw body', () => {
    const headers = { 'x-webhook-signature': hmac(spaced, 'base64') }
    const { verify } = sourceNamed('respondio')
    expect(verify(deliveryOf('respondio', spaced, { headers }), [secret], { now: 0 })).toBe('ok')
  })
})

describe('every source', () => {
  it('is signed', () => {
    for (const name of sources.names())
      expect({ name, signed: sourceNamed(name).signed }).toEqual({ name, signed: true })
  })
})

describe('signatures', () => {
  const { body, headers } = whatsappText('1', 'wamid.1', 'hola', noon)
  const signed = (fields: Partial<RawDelivery> = {}) => deliveryOf('whatsapp', body, { headers, ...fields })
  const secrets = ['whatsapp app secret']
  const verify = (raw: RawDelivery, keys: readonly string[] = secrets, now = noon) =>
    sourceNamed(raw.source).verify(raw, keys, { now })

  it('hold over the raw bytes, with any of several secrets', () => {
    expect(verify(signed())).toBe('ok')
    expect(verify(signed(), ['old', ...secrets])).toBe('ok')
  })

  it.each<[string, RawDelivery, string]>([
    ['no header', signed({ headers: {} }), 'missing'],
    ['another body', signed({ body: Buffer.from(`${body} `) }), 'wrong'],
    ['a header without its prefix', signed({ headers: { 'x-hub-signature-256': 'x' } }), 'wrong'],
    ['a header that is no hex', signed({ headers: { 'x-hub-signature-256': 'sha256=zz' } }), 'wrong'],
  ])('do not hold with %s', (_name, raw, verdict) => expect(verify(raw)).toBe(verdict))

  it('do not hold with another secret', () => expect(verify(signed(), ['other'])).toBe('wrong'))

  it('of TikTok must be fresh, both ways, whatever the order of their parts', () => {
    const request = tiktokText('c', 'm', 'x', noon)
    const t = Math.floor(noon / 1000)
    const s = createHmac('sha256', 'k').update(`${t}.${request.body}`).digest('hex')
    const raw = (header: string) => deliveryOf('tiktok', request.body, { headers: { 'tiktok-signature': header } })
    expect(verify(raw(`t=${t},s=${s}`), ['k'])).toBe('ok')
    expect(verify(raw(`s=${s}, t=${t}`), ['k'])).toBe('ok')
    for (const off of [-301_000, 301_000]) expect(verify(raw(`t=${t},s=${s}`), ['k'], noon + off)).toBe('wrong')
  })
})

describe('the accounts of a body', () => {
  it('are read from an unverified body', () => {
    expect(
      sourceNamed('whatsapp').accountsOf(
        deliveryOf('whatsapp', {
          object: 'whatsapp_business_account',
          entry: [
            {
              changes: [{ field: 'messages', value: { metadata: { phone_number_id: '42' }, messages: [{ id: '1' }] } }],
            },
          ],
        }),
      ),
    ).toEqual(['42'])
    expect(sourceNamed('tiktok').accountsOf(deliveryOf('tiktok', '{"user_openid":"b"}'))).toEqual(['b'])
    expect(sourceNamed('tiktok').accountsOf(deliveryOf('tiktok', 'broken'))).toEqual([])
  })
})
