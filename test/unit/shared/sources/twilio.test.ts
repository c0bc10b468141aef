import { deliveryOf, mapped, sourceNamed, theOnly } from '../../../support/deliveries.ts'

describe('Twilio’s form of WhatsApp', () => {
  const form = (fields: Record<string, string>) =>
    new URLSearchParams({
      MessageSid: 'SM1',
      From: 'whatsapp:+55',
      To: 'whatsapp:+1',
      WaId: '55',
      Body: 'oi',
      NumMedia: '0',
      ReferralCtwaClid: '',
      ...fields,
    }).toString()
  const contentType = 'application/x-www-form-urlencoded; charset=utf-8'
  const only = (fields: Record<string, string>) => theOnly('whatsapp', form(fields), { contentType })

  it('is recognised without its content type, if it looks like a form', () => {
    expect(theOnly('whatsapp', form({}), { contentType: null })).toMatchObject({ messageId: 'SM1', text: 'oi' })
    expect(() => mapped('whatsapp', 'hello', { contentType: null })).toThrow(/not JSON/)
    expect(() => mapped('line', form({}), { contentType: null })).toThrow(/not JSON/)
  })

  it.each<[string, Record<string, string>, object]>([
    [
      'a text',
      {},
      {
        accountId: 'account-1',
        conversationId: 'account-1:55',
        messageId: 'SM1',
        text: 'oi',
        textOrigin: 'typed',
        referral: null,
      },
    ],
    ['a person by the sender alone', { WaId: '' }, { conversationId: 'account-1:55', channel: 'whatsapp' }],
    [
      'a person without a number, who sends no words',
      { WaId: '', From: 'whatsapp:BR.1', ExternalUserId: 'BR.1', Body: '', MediaContentType0: 'image/jpeg' },
      { conversationId: 'account-1:BR.1', aliases: [], attachments: ['image'], text: null },
    ],
    [
      'a number, and the other id of its person',
      { ExternalUserId: 'BR.1' },
      { conversationId: 'account-1:55', aliases: ['account-1:BR.1'] },
    ],
    ['a text message', { WaId: '', From: '+55' }, { conversationId: 'account-1:55', channel: 'sms' }],
    [
      'a person on Messenger',
      { WaId: '', From: 'messenger:77' },
      { conversationId: 'account-1:77', channel: 'messenger' },
    ],
    ['a product', { Body: '', MessageType: 'product' }, { attachments: ['product'] }],
    [
      'a picture',
      { NumMedia: '1', MediaContentType0: 'image/jpeg' },
      { attachments: ['image'], textOrigin: 'caption' },
    ],
    [
      'a voice message',
      { Body: '', MediaContentType0: 'audio/ogg; codecs=opus' },
      { attachments: ['audio'], text: null },
    ],
    ['a file', { Body: '', MediaContentType0: 'application/pdf' }, { attachments: ['document'] }],
    ['a card', { Body: '', MediaContentType0: 'text/vcard' }, { attachments: ['contact'] }],
    ['a place', { Body: '', Latitude: '1', Longitude: '2' }, { attachments: ['location'] }],
    ['a tapped button', { ButtonText: 'Sim', ButtonPayload: 'YES' }, { text: 'Sim', textOrigin: 'button' }],
    ['an order', { Body: '', MessageType: 'order' }, { attachments: ['order'] }],
    ['what is not supported', { Body: '', MessageType: 'unsupported' }, { attachments: ['other'] }],
    [
      'an ad',
      { ReferralSourceType: 'ad', ReferralSourceId: '9', ReferralSourceUrl: 'https://fb.example/9' },
      { referral: { source: 'meta_ad', adId: '9', url: 'https://fb.example/9', clickId: null } },
    ],
  ])('reads %s', (_name, fields, expected) => expect(only(fields)).toMatchObject(expected))

  it.each<[string, Record<string, string>, string]>([
    ['a receipt', { MessageStatus: 'read', Body: '' }, 'status'],
    ['a receipt of text messages', { SmsStatus: 'delivered', Body: '' }, 'status'],
    ['a receipt by its event', { EventType: 'DELIVERED' }, 'status'],
    ['a callback of nothing but ids', { WaId: '', Body: '', NumMedia: '' }, 'status'],
    ['a reaction', { MessageType: 'reaction', Body: '👍' }, 'reaction'],
    ['a message of nothing', { Body: '' }, 'empty'],
  ])('ignores %s', (_name, fields, reason) =>
    expect(mapped('whatsapp', form(fields), { contentType }).ignored).toEqual([reason]),
  )

  it('reads the flat form that Twilio posts', () => {
    const form = new URLSearchParams({
      MessageSid: 'SM1',
      WaId: '521',
      To: 'whatsapp:+1555',
      Body: 'hola',
      NumMedia: '0',
      ReferralSourceId: '9',
      ReferralSourceType: 'ad',
      ReferralCtwaClid: '',
    })
    const raw = deliveryOf('whatsapp', form.toString(), {
      account: 'shop',
      contentType: 'application/x-www-form-urlencoded',
    })
    expect(sourceNamed('whatsapp').map(raw).events).toEqual([
      expect.objectContaining({
        accountId: 'shop',
        conversationId: 'shop:521',
        messageId: 'SM1',
        text: 'hola',
        timeSource: 'received',
        referral: expect.objectContaining({ source: 'meta_ad', adId: '9', clickId: null }),
      }),
    ])
  })
})
