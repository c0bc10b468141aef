import {
  meta,
  metaItem,
  telegram,
  telegramMessage,
  whatsapp,
  whatsappMessage,
} from '../../../support/channel-bodies.ts'
import { theOnly } from '../../../support/deliveries.ts'
import { blip } from '../../../support/partner-bodies.ts'

const text = { type: 'text', text: { body: 'x' } }
const byWhatsapp = (fields: object) => whatsapp('messages', { messages: [whatsappMessage({ ...text, ...fields })] })
const byTelegram = (fields: object) => telegram({ message: telegramMessage({ text: 'x', ...fields }) })
const form = (fields: object) => ({ MessageSid: 'SM1', WaId: '55', Body: 'x', ...fields })
const editOf = (context: object) =>
  byWhatsapp({ type: 'edit', edit: { original_message_id: 'o', message: { ...text, context } } })

it.each<[string, string, object]>([
  ['forwarded on WhatsApp', 'whatsapp', byWhatsapp({ context: { forwarded: true } })],
  ['forwarded often on WhatsApp', 'whatsapp', byWhatsapp({ context: { frequently_forwarded: 'true' } })],
  [
    'a caption forwarded on WhatsApp',
    'whatsapp',
    byWhatsapp({ ...{ type: 'image', text: undefined }, image: { caption: 'x' }, context: { forwarded: true } }),
  ],
  ['edited after it was forwarded', 'whatsapp', editOf({ forwarded: true })],
  ['forwarded, by Twilio', 'whatsapp', form({ Forwarded: 'true' })],
  ['forwarded often, by Twilio', 'whatsapp', form({ FrequentlyForwarded: 'true' })],
  ['forwarded, by 360dialog', 'dialog360', { messages: [whatsappMessage({ ...text, context: { forwarded: true } })] }],
  ['forwarded, by Blip', 'blip', blip({ content: 'x' }, { '#wa.forwarded': 'true' })],
  [
    'forwarded from a person on Telegram',
    'telegram',
    byTelegram({ forward_origin: { type: 'user', sender_user: { id: 5 } } }),
  ],
  [
    'forwarded from a channel on Telegram',
    'telegram',
    byTelegram({ forward_origin: { type: 'channel', chat: { id: -1 } } }),
  ],
  ['forwarded in an old form on Telegram', 'telegram', byTelegram({ forward_date: 1, forward_sender_name: 'x' })],
])('takes words %s for another person’s', (_name, source, body) => {
  expect(theOnly(source, body)).toMatchObject({ text: 'x', textOrigin: 'forwarded', direction: 'inbound' })
})

it.each<[string, string, object, string]>([
  ['not forwarded', 'whatsapp', byWhatsapp({ context: { forwarded: false, id: 'w' } }), 'typed'],
  ['not forwarded, by Twilio', 'whatsapp', form({ Forwarded: 'false' }), 'typed'],
  ['not forwarded, by Blip', 'blip', blip({ content: 'x' }, { '#wa.forwarded': null }), 'typed'],
  [
    'the person’s own, forwarded to the bot',
    'telegram',
    byTelegram({ forward_origin: { type: 'user', sender_user: { id: 23 } } }),
    'typed',
  ],
  [
    'a tapped button',
    'whatsapp',
    byWhatsapp({ type: 'button', text: undefined, button: { text: 'x' }, context: { forwarded: true } }),
    'button',
  ],
  [
    'an answer to a message',
    'messenger',
    meta('page', [metaItem({ message: { mid: 'm', text: 'x', reply_to: { mid: 'n' } } })]),
    'typed',
  ],
])('leaves the origin of words that are %s', (_name, source, body, origin) => {
  expect(theOnly(source, body)).toMatchObject({ text: 'x', textOrigin: origin })
})
