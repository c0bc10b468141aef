/** The demo's script: an afternoon at two shops. Every step sends zero or more webhook requests. */
import { type Request, tiktok, tiktokReferral, tiktokText, whatsapp, whatsappReport, whatsappText } from './webhooks.ts'

export interface StoryStep {
  readonly title: string
  readonly requests: readonly Request[]
  /** Arguments of a `signals` command that runs before the requests. */
  readonly before?: readonly string[]
}

export const keywordsCsv = `keyword,flag
pago,payment
bayar,payment
โอนเงิน,payment
thank you,thanks
envío,shipping
`

/** A label of the shop's people becomes a lead, an order a purchase with its value. */
export const rulesYaml = `rules:
  - event: QualifiedLead
    when: { outcome: [calon pembeli] }
    count: once_per_conversation
  - event: Purchase
    when: { kind: order }
    value: true
`

const [ana, budi, somchai, maria, john] = ['conv+ana==', '628110000001', '66810000002', '5215550000003', '447700900004']

const unsigned = (request: Request): Request => ({ ...request, headers: { 'content-type': 'application/json' } })

/**
 * @param start of the story, ms since the epoch; the messages follow at intervals of a second
 * @param token of the shop's own system, for what it reports
 */
export const story = (start: number, token: string): readonly StoryStep[] => {
  const at = (second: number) => start + second * 1000
  const paid = whatsappText(budi, 'wamid.budi.2', 'sudah bayar ya kak 🙏', at(6))
  return [
    {
      title: 'Ana taps a TikTok ad and writes: “hola, vi el anuncio”',
      requests: [
        tiktokReferral(ana, '1780000000000000001', at(0)),
        tiktokText(ana, 'ana-1', 'hola, vi el anuncio', at(1)),
      ],
    },
    { title: 'Ana: “listo, ya hice el PAGO”', requests: [tiktokText(ana, 'ana-2', 'listo, ya hice el PAGO', at(2))] },
    {
      title: 'the shop answers: “recibimos tu pago”',
      requests: [
        tiktok(
          'im_send_msg',
          {
            conversation_id: ana,
            message_id: 'shop-1',
            timestamp: at(3),
            type: 'text',
            text: { body: 'recibimos tu pago' },
            message_tag: { source: 'APP' },
          },
          at(3),
        ),
      ],
    },
    {
      title: 'Budi follows a link: “Halo kak, https://shop.example/p?ttclid=E.C.P.demo-42”',
      requests: [whatsappText(budi, 'wamid.budi.1', 'Halo kak, https://shop.example/p?ttclid=E.C.P.demo-42', at(5))],
    },
    { title: 'Budi: “sudah bayar ya kak 🙏”', requests: [paid] },
    { title: 'WhatsApp delivers that message once more', requests: [paid] },
    {
      title: 'an agent labels Budi’s chat in the inbox: “Calon Pembeli”',
      requests: [
        whatsappReport(token, budi, 'label-1', at(7), { kind: 'outcome', outcome: { name: 'Calon Pembeli' } }),
      ],
    },
    {
      title: 'the same label once more: it counts once a conversation',
      requests: [
        whatsappReport(token, budi, 'label-2', at(7.2), { kind: 'outcome', outcome: { name: 'calon pembeli' } }),
      ],
    },
    {
      title: 'the shop’s checkout: Budi orders for 149000.50 IDR',
      requests: [
        whatsappReport(token, budi, 'order-1', at(7.5), {
          kind: 'order',
          outcome: { value: '149000.50', currency: 'IDR', reference: 'INV-2026-118' },
        }),
      ],
    },
    {
      title: 'Somchai, without spaces: “ฉันโอนเงินแล้วค่ะ”',
      requests: [whatsappText(somchai, 'wamid.som.1', 'ฉันโอนเงินแล้วค่ะ', at(8))],
    },
    {
      title: 'María: “la pagoda es linda”',
      requests: [whatsappText(maria, 'wamid.mar.1', 'la pagoda es linda', at(9))],
    },
    {
      title: 'María, full-width: “ＰＡＧＯ hecho, ¿y el envío?”',
      requests: [whatsappText(maria, 'wamid.mar.2', 'ＰＡＧＯ hecho, ¿y el envío?', at(10))],
    },
    {
      title: 'María reacts with ❤️',
      requests: [
        whatsapp({
          from: maria,
          id: 'wamid.mar.3',
          timestamp: String(Math.floor(at(11) / 1000)),
          type: 'reaction',
          reaction: { emoji: '❤️' },
        }),
      ],
    },
    {
      title: 'a request without a signature',
      requests: [unsigned(whatsappText(john, 'wamid.evil', 'pago', at(12)))],
    },
    {
      title: 'a message for an account without a connection',
      requests: [whatsappText(john, 'wamid.other', 'pago', at(13), '999000')],
    },
    {
      title: 'the WhatsApp shop is paused; John: “thank   you, pago sent”',
      before: ['connections', 'pause', 'demo-whatsapp'],
      requests: [whatsappText(john, 'wamid.john.1', 'thank   you, pago sent', at(14))],
    },
    { title: 'the WhatsApp shop is resumed', before: ['connections', 'resume', 'demo-whatsapp'], requests: [] },
  ]
}
