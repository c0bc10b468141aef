import { defaultExtractors, trackingIdIn } from '../../../../services/attribution/tracking-id/extract.ts'
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
