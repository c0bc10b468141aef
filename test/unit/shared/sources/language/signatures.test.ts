import { createHash, createHmac } from 'node:crypto'
import { deliveryOf } from '../../../../support/deliveries.ts'
import { sourceOf } from '../../../../support/mapping.ts'

const body = '{ "at": 1764060000, "text": "ขอบคุณ", "n": 1.0 }'
const now = 1_764_060_000_000
const hmac = (text: string, secret = 'one') => createHmac('sha256', secret).update(text)
const sha = (text: string) => createHash('sha256').update(text).digest('hex')
const verify = (signature: object, headers: Record<string, string>, secrets = ['old', 'one'], at = now) =>
  sourceOf({}, { signature }).verify(deliveryOf('example', body, { headers }), secrets, { now: at, appId: 'app' })

describe('a signature', () => {
  it.each<[string, object, Record<string, string>]>([
    ['in hex', { algorithm: 'hmac-sha256', header: 'X-Sig' }, { 'x-sig': hmac(body).digest('hex') }],
    [
      'in upper case',
      { algorithm: 'hmac-sha256', header: 'x-sig' },
      { 'x-sig': hmac(body).digest('hex').toUpperCase() },
    ],
    [
      'in base64',
      { algorithm: 'hmac-sha256', header: 'x-sig', encoding: 'base64' },
      { 'x-sig': hmac(body).digest('base64') },
    ],
    [
      'behind a prefix',
      { algorithm: 'hmac-sha256', header: 'x-sig', prefix: 'sha256=' },
      { 'x-sig': `sha256=${hmac(body).digest('hex')}` },
    ],
    [
      'over time and body',
      { algorithm: 'hmac-sha256', header: 'x-sig', parts: { signature: 's' }, signed: '{t}.{body}' },
      { 'x-sig': `t=5, s=${hmac(`5.${body}`).digest('hex')}` },
    ],
    [
      'beside an older one',
      { algorithm: 'hmac-sha256', header: 'x-sig', parts: { signature: 's' } },
      { 'x-sig': `s=${'0'.repeat(64)},s=${hmac(body).digest('hex')}` },
    ],
    [
      'over a header',
      { algorithm: 'hmac-sha256', header: 'x-sig', signed: 'v0:{headers.x-time}:{body}' },
      { 'x-time': '9', 'x-sig': hmac(`v0:9:${body}`).digest('hex') },
    ],
    [
      'without HMAC',
      { algorithm: 'sha256', header: 'x-sig', prefix: 'mac=', signed: '{app_id}{body}{body.at}{secret}' },
      { 'x-sig': `mac=${sha(`app${body}1764060000one`)}` },
    ],
    [
      'over the first name that is there',
      { algorithm: 'sha256', header: 'x-sig', signed: '{body.none|body.at}' },
      { 'x-sig': sha('1764060000') },
    ],
    [
      'over the body written again',
      { algorithm: 'hmac-sha256', header: 'x-sig', body: 'reserialised' },
      { 'x-sig': hmac(JSON.stringify(JSON.parse(body))).digest('hex') },
    ],
    [
      'over either',
      { algorithm: 'hmac-sha256', header: 'x-sig', body: 'either' },
      { 'x-sig': hmac(body).digest('hex') },
    ],
    [
      'that is the secret itself',
      { algorithm: 'equality', header: 'authorization', prefix: 'Bearer ' },
      { authorization: 'Bearer one' },
    ],
    [
      'of which there are several ways',
      [
        { algorithm: 'hmac-sha256', header: 'x-sig' },
        { algorithm: 'equality', header: 'x-key' },
      ],
      { 'x-key': 'one' },
    ],
  ])('holds %s', (_name, signature, headers) => expect(verify(signature, headers)).toBe('ok'))

  const plain = { algorithm: 'hmac-sha256', header: 'x-sig' }

  it.each<[string, object, Record<string, string>, string]>([
    ['that is not required', { algorithm: 'none' }, {}, 'unsigned'],
    ['that may be left out, and is', [plain, { algorithm: 'none' }], {}, 'unsigned'],
    ['that may be left out, and fits', [plain, { algorithm: 'none' }], { 'x-sig': hmac(body).digest('hex') }, 'ok'],
    ['that may be left out, and is wrong', [plain, { algorithm: 'none' }], { 'x-sig': '0'.repeat(64) }, 'wrong'],
  ])('%s is no proof unless it fits', (_name, signature, headers, verdict) => {
    expect(verify(signature, headers)).toBe(verdict)
    expect(sourceOf({}, { signature }).signed).toBe(false)
  })

  it.each<[string, object, Record<string, string>, object]>([
    ['no header', plain, {}, { kind: 'missing' }],
    ['no hex', plain, { 'x-sig': 'zz'.repeat(32) }, { kind: 'wrong' }],
    ['half a digest', plain, { 'x-sig': '00' }, { kind: 'wrong' }],
    ['a digest', plain, { 'x-sig': '00'.repeat(32) }, { kind: 'bytes' }],
    ['one over fields', { ...plain, signed: '{body}{body.at}' }, { 'x-sig': '00'.repeat(32) }, { kind: 'fields' }],
    ['one over either body', { ...plain, body: 'either' }, { 'x-sig': '00'.repeat(32) }, { kind: 'fields' }],
    [
      'a key',
      { algorithm: 'equality', header: 'x-key', prefix: 'k ' },
      { 'x-key': 'k one' },
      { kind: 'key', key: 'one' },
    ],
    [
      'a key without its prefix',
      { algorithm: 'equality', header: 'x-key', prefix: 'k ' },
      { 'x-key': 'one' },
      { kind: 'wrong' },
    ],
    ['none asked for', { algorithm: 'none' }, {}, { kind: 'none' }],
  ])('is judged by the headers alone, with %s', (_name, signature, headers, proof) => {
    expect(sourceOf({}, { signature }).proofIn(headers, now)).toEqual(proof)
  })

  it('that is too old is refused by the headers alone where the time is in them', () => {
    const age = { of: 't', unit: 's', maxSeconds: 300 }
    const source = sourceOf({}, { signature: { ...plain, parts: { signature: 's' }, age } })
    const headers = { 'x-sig': `t=1764060000,s=${'0'.repeat(64)}` }
    expect([0, 301_000].map((off) => source.proofIn(headers, now + off).kind)).toEqual(['bytes', 'wrong'])
    expect(source.proofIn({ 'x-sig': `t=soon,s=${'0'.repeat(64)}` }, now).kind).toBe('wrong')
  })

  it.each<[string, object, Record<string, string>, string[], string]>([
    ['no header', plain, {}, ['one'], 'missing'],
    ['an empty one', plain, { 'x-sig': '' }, ['one'], 'missing'],
    ['another secret', plain, { 'x-sig': hmac(body, 'two').digest('hex') }, ['one'], 'wrong'],
    ['no secret', plain, { 'x-sig': hmac(body).digest('hex') }, [], 'wrong'],
    ['half of it', plain, { 'x-sig': hmac(body).digest('hex').slice(0, 32) }, ['one'], 'wrong'],
    ['what is no hex', plain, { 'x-sig': 'zz'.repeat(32) }, ['one'], 'wrong'],
    ['a missing part', { ...plain, parts: { signature: 's' } }, { 'x-sig': 't=1' }, ['one'], 'wrong'],
    ['no prefix', { ...plain, prefix: 'sha256=' }, { 'x-sig': hmac(body).digest('hex') }, ['one'], 'wrong'],
    ['a longer secret', { algorithm: 'equality', header: 'x-key' }, { 'x-key': 'one1' }, ['one'], 'wrong'],
  ])('does not hold with %s', (_name, signature, headers, secrets, verdict) =>
    expect(verify(signature, headers, secrets)).toBe(verdict),
  )

  it.each([
    [
      'a part',
      { of: 't', unit: 's', maxSeconds: 300 },
      { 'x-sig': `t=1764060000,s=${hmac(body).digest('hex')}` },
      { parts: { signature: 's' } },
    ],
    ['a field', { of: 'body.at', unit: 's', maxSeconds: 300 }, { 'x-sig': hmac(body).digest('hex') }, {}],
    [
      'a header',
      { of: 'headers.x-at', unit: 'ms', maxSeconds: 300 },
      { 'x-at': String(now), 'x-sig': hmac(body).digest('hex') },
      {},
    ],
  ])('must be fresh by %s, both ways', (_name, age, headers, more) => {
    const signature = { ...plain, age, ...more }
    const at = (off: number) => verify(signature, headers, ['one'], now + off)
    expect([at(0), at(299_000), at(-299_000), at(301_000), at(-301_000)]).toEqual(['ok', 'ok', 'ok', 'wrong', 'wrong'])
  })

  it('over the reserialised body keeps numbers as the sender wrote them', () => {
    const long = '{"id":1234567890123456768}'
    const headers = { 'x-sig': hmac(JSON.stringify(JSON.parse(long))).digest('hex') }
    const { verify: check } = sourceOf({}, { signature: { ...plain, body: 'reserialised' } })
    expect(check(deliveryOf('example', long, { headers }), ['one'], { now })).toBe('ok')
  })
})

describe('answer and handshake', () => {
  it('are what the document says', () => {
    const source = sourceOf({}, { answer: { status: 202, body: 'ok', deadlineSeconds: 2 } })
    expect(source).toMatchObject({ answer: { status: 202, contentType: 'text/plain', body: 'ok' }, deadlineMs: 2_000 })
    expect(sourceOf()).toMatchObject({ answer: { status: 200, body: '' }, deadlineMs: 5_000 })
  })

  it('echo a challenge to a caller that knows the token', () => {
    const { handshake } = sourceOf(
      {},
      { handshake: { mode: 'challenge', token: 'tok', challenge: 'ch', expect: { mode: 'subscribe' } } },
    )
    const ask = (query: string) => handshake(new URLSearchParams(query), {}, { verifyTokens: ['a', 'b'], secrets: [] })
    expect(ask('mode=subscribe&tok=b&ch=42')).toMatchObject({ status: 200, body: '42' })
    expect(ask('mode=subscribe&tok=c&ch=42').status).toBe(403)
    expect(ask('tok=b&ch=42').status).toBe(400)
    expect(ask('mode=subscribe').status).toBe(400)
  })
})
