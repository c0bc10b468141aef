import { defaultExtractors, findTrackingId } from '../../../../services/attribution/tracking-id/extract.ts'
import { linksIn, queryOf } from '../../../../services/attribution/tracking-id/links.ts'
import type { Content } from '../../../../services/runtime/keys/sealed-content.ts'
import type { Extractor } from '../../../../services/shared/model/connection-record.ts'
import type { Referral, ReferralSource } from '../../../../services/shared/model/message-event.ts'

const referral = (source: ReferralSource, fields: Partial<Referral> = {}): Referral => ({
  source,
  ref: null,
  adId: null,
  advertiserId: null,
  clickId: null,
  url: null,
  ...fields,
})
const at = (position: number | null, isOpening = true) => ({ position, isOpening })
const trackingIdIn = (given: Content, extractors: readonly Extractor[], position: number | null) =>
  findTrackingId(given, extractors, at(position)).hit
const content = (fields: Partial<Content>): Content => ({ text: null, links: [], referral: null, ...fields })
const extractor = (fields: Partial<Extractor>): Extractor => ({
  from: 'text',
  query: null,
  pattern: null,
  firstMessages: null,
  only: [],
  ...fields,
})

describe('the default extractors', () => {
  it.each<[string, Partial<Content>, number | null, string | null]>([
    ['the ref of a TikTok link', { referral: referral('tiktok_link', { ref: 'spring' }) }, 1, 'spring'],
    ['the ref of an m.me link', { referral: referral('link', { ref: 'bio' }) }, 1, 'bio'],
    ['the ad of a TikTok referral', { referral: referral('tiktok_ad', { adId: '178' }) }, null, '178'],
    ['the click before the ad', { referral: referral('tiktok_ad', { adId: '178', clickId: 'E.C.P' }) }, null, 'E.C.P'],
    ['the ref before the click', { referral: referral('tiktok_ad', { ref: 'r', clickId: 'E.C.P' }) }, null, 'r'],
    [
      'ttclid in the referral’s url',
      { referral: referral('other', { url: 'https://x.example/?ttclid=abc' }) },
      1,
      'abc',
    ],
    ['ttclid in a link beside the text', { links: ['https://x.example/?a=1&ttclid=abc'] }, 9, 'abc'],
    ['ttclid in a link in the third text', { text: 'vi esto https://x.example/p?ttclid=E.C.P.1, ¿hay?' }, 3, 'E.C.P.1'],
    ['an order’s landing page', { links: ['https://shop.example/?ttclid=abc'] }, null, 'abc'],
    ['no link in the fourth text', { text: 'https://x.example/p?ttclid=E.C.P.1' }, null, null],
    ['no ad of Meta', { referral: referral('meta_ad', { adId: '6001', clickId: 'ARA' }) }, 1, null],
    ['no ref of a Meta ad', { referral: referral('meta_ad', { ref: 'x' }) }, 1, null],
    ['no ad of an unknown referral', { referral: referral('other', { adId: '1' }) }, 1, null],
    ['no empty ttclid', { links: ['https://x.example/?ttclid='] }, 1, null],
    ['no ttclid that is only a word', { text: 'ttclid=abc' }, 1, null],
  ])('take %s', (_name, fields, position, expected) => {
    expect(trackingIdIn(content(fields), defaultExtractors, position)?.trackingId ?? null).toBe(expected)
  })
})

describe('extractors of a connection', () => {
  it.each<[string, Extractor[], Partial<Content>, number | null, string | null]>([
    ['a code in the text', [extractor({ pattern: '\\[ref:([A-Z0-9]+)\\]' })], { text: 'Hola [ref:AB12]' }, 1, 'AB12'],
    ['only as many texts as asked', [extractor({ pattern: '#(\\w+)', firstMessages: 1 })], { text: '#x' }, 2, null],
    [
      'a query and a pattern on it',
      [extractor({ from: 'links', query: 'u', pattern: '^c-(.+)$' })],
      { links: ['https://a.example/?u=c-9'] },
      5,
      '9',
    ],
    [
      'referrals of the named sources only',
      [extractor({ from: 'referral.ref', only: ['tiktok_ad'] })],
      { referral: referral('link', { ref: 'x' }) },
      1,
      null,
    ],
    [
      'the first hit in order',
      [extractor({ from: 'referral.ref' }), extractor({ pattern: '#(\\w+)' })],
      { text: '#t', referral: referral('link', { ref: 'r' }) },
      1,
      'r',
    ],
    [
      'never an ad id of Meta',
      [extractor({ from: 'referral.adId' })],
      { referral: referral('meta_ad', { adId: '6001' }) },
      1,
      null,
    ],
    [
      'never a click id of Meta',
      [extractor({ from: 'referral.clickId' })],
      { referral: referral('meta_ad', { clickId: 'ARA' }) },
      1,
      null,
    ],
  ])('take %s', (_name, extractors, fields, position, expected) => {
    expect(trackingIdIn(content(fields), extractors, position)?.trackingId ?? null).toBe(expected)
  })
})

describe('a value that cannot be a tracking ID', () => {
  const sentence = 'Mi nombre es Zoraida Quispe, pago con 4111 1111 1111 1111'
  const everything = extractor({ pattern: '(?s)^(.*)$', firstMessages: 20 })
  const ref = (value: string) => ({ referral: referral('tiktok_link', { ref: value }) })
  const url = (value: string) => ({ referral: referral('other', { url: `https://x.example/?ttclid=${value}` }) })

  it.each<[string, readonly Extractor[], Partial<Content>]>([
    ['a sentence by a pattern', [everything], { text: sentence }],
    ['an address by a pattern', [everything], { text: 'zoraida@example.com' }],
    ['a phone number by a pattern', [everything], { text: '+51987654321' }],
    ['a text of 513 letters', [everything], { text: 'a'.repeat(513) }],
    ['a sentence in a ref', defaultExtractors, ref(sentence)],
    ['an address in a ref', defaultExtractors, ref('zoraida@example.com')],
    ['a ref of 2,084 characters', defaultExtractors, ref('a'.repeat(2_084))],
    ['a macro of TikTok', defaultExtractors, url('__CLICKID__')],
    ['a macro in braces', defaultExtractors, url('{{click.id}}')],
    ['a macro in per cent signs', defaultExtractors, url('%25CLICKID%25')],
    ['what a script writes for nothing', defaultExtractors, url('undefined')],
    ['a ttclid with a colon', defaultExtractors, url('a:b')],
    ['an ad id of words', defaultExtractors, { referral: referral('tiktok_ad', { adId: 'my ad' }) }],
    ['a parameter with a space', [extractor({ from: 'links', query: 'c' })], { links: ['https://x.example/?c=a+b'] }],
    ['a whole address of a page', [extractor({ from: 'referral.url' })], url('abc')],
  ])('is refused and counted: %s', (_name, extractors, fields) => {
    expect(findTrackingId(content(fields), extractors, at(1))).toEqual({ hit: null, refused: 1 })
  })

  it.each<[string, readonly Extractor[], Partial<Content>, string]>([
    ['a ref with all its characters', defaultExtractors, ref('Az09._~:=+/-'), 'Az09._~:=+/-'],
    ['a ref of 2,083 characters', defaultExtractors, ref('a'.repeat(2_083)), 'a'.repeat(2_083)],
    ['a ttclid with all its characters', defaultExtractors, url('E.C.P.Az09_-'), 'E.C.P.Az09_-'],
    ['a code with all its characters', [everything], { text: 'Az09._~:-' }, 'Az09._~:-'],
    ['an id that ends like a macro', defaultExtractors, url('E.C.P.AB__'), 'E.C.P.AB__'],
  ])('is not %s', (_name, extractors, fields, trackingId) => {
    expect(findTrackingId(content(fields), extractors, at(1))).toMatchObject({ hit: { trackingId }, refused: 0 })
  })

  it('leaves the word to the next link and the next extractor', () => {
    const links = ['https://x.example/?ttclid=__CLICKID__', 'https://x.example/?ttclid=abc']
    const found = findTrackingId(content({ ...ref('not a ref'), links }), defaultExtractors, at(1))
    expect(found).toMatchObject({ hit: { trackingId: 'abc', within: 0 }, refused: 2 })
  })
})

describe('links', () => {
  it.each([
    ['two', 'a https://x.example/a b http://y.example', ['https://x.example/a', 'http://y.example']],
    ['one without its full stop', 'mira https://x.example/a?b=c.', ['https://x.example/a?b=c']],
    ['one in brackets', '(https://x.example/a)', ['https://x.example/a']],
    ['one before a Chinese comma', '看 https://x.example/?ttclid=a，你好', ['https://x.example/?ttclid=a']],
    ['one that a Thai sentence goes on behind', 'ดู https://x.example/?ttclid=aสวัสดี', ['https://x.example/?ttclid=a']],
    ['one with a Thai path', 'https://x.example/สินค้า?ttclid=a', ['https://x.example/สินค้า?ttclid=a']],
    ['one with a Thai value before', 'https://x.example/?n=ลด&ttclid=a', ['https://x.example/?n=ลด&ttclid=a']],
    ['none', 'no link: x.example', []],
  ])('are found in a text: %s', (_name, text, expected) => expect(linksIn(text)).toEqual(expected))

  it.each([
    ['https://x.example/?ttclid=a%2Fb', 'a/b'],
    ['https://x.example/#/shop?ttclid=a', 'a'],
    ['https://x.example/?x=1#/shop?ttclid=a', 'a'],
    ['https://x.example/', null],
    ['/products/a?ttclid=a', 'a'],
    ['not a link?ttclid=a', null],
  ])('have a query: %s', (url, expected) => expect(queryOf(url, 'ttclid')).toBe(expected))
})

describe('links as people send them', () => {
  const id = 'E.C.P.CsIB_3-z'
  it.each([
    ['in bold', `*https://x.example/?ttclid=${id}*`, id],
    ['in italics, inside bold', `*_https://x.example/?ttclid=${id}_*`, id],
    ['with an id that ends in an underscore', `https://x.example/?ttclid=${id}_`, `${id}_`],
    ['before a bar', `https://x.example/?ttclid=${id}|20% off`, id],
    ['with a bar in an earlier parameter', `https://x.example/?tags=a|b&ttclid=${id}`, id],
    ['cut off in the id', `https://x.example/?a=1&ttclid=${id}…`, null],
    ['cut off by three full stops', `https://x.example/?ttclid=${id}...`, null],
    ['cut off behind the id', `https://x.example/?ttclid=${id}&utm_campaign=spr…`, id],
    ['without a scheme', `see Shop.example.com/sale?ttclid=${id}`, id],
    ['without a scheme behind a Thai word', `ดูที่shop.example/?ttclid=${id}`, id],
    ['with www. and an ending of its own', `www.shop.pago/?ttclid=${id}`, id],
    ['that are two sentences', `done.Then/or?ttclid=${id}`, null],
    ['of an address of e-mail', `me@shop.example/?ttclid=${id}`, null],
    ['with entities', `https://x.example/?a=1&amp;amp;ttclid=${id}`, id],
    ['with an empty id before', `https://x.example/?TtClId=&ttclid=${id}`, id],
  ])('are read %s', (_name, text, expected) =>
    expect(trackingIdIn(content({ text }), defaultExtractors, 1)?.trackingId ?? null).toBe(expected),
  )

  it('take a time that grows with the text, whatever it is', () => {
    for (const part of ['a.', '-', 'https://', 'https://a?é', '*_', 'a?', '|', '&amp;', 'é', 'a.example/?|'])
      expect(linksIn(part.repeat(16_384 / part.length)).length).toBeLessThan(3_000)
  })

  it('count outside of a text in the first messages or at a start', () => {
    const links = content({ links: ['https://x.example/?ttclid=a'] })
    const found = (position: number | null, isOpening: boolean) =>
      findTrackingId(links, defaultExtractors, at(position, isOpening)).hit?.within
    expect([found(9, true), found(2, false), found(9, false), found(null, false)]).toEqual([0, 3, undefined, undefined])
  })

  it('count in the url of a Meta ad only where an extractor names Meta ads', () => {
    const ad = content({ referral: referral('meta_ad', { url: 'https://x.example/?ttclid=abc' }) })
    const named = [extractor({ from: 'referral.url', query: 'ttclid', only: ['meta_ad'] })]
    expect(trackingIdIn(ad, defaultExtractors, 1)).toBeNull()
    expect(trackingIdIn(ad, named, 1)?.trackingId).toBe('abc')
  })
})
