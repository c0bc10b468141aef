/**
 * What people write while everything fails, and what TikTok must be told of it. Every message has a second of its own, so that an event
 * is recognised by its name and time, without any id that the pipeline makes.
 */
import {
  haravanOrder,
  type Request,
  tiktok,
  tiktokReferral,
  tiktokText,
  whatsappText,
} from '../../services/local/demo/webhooks.ts'
import type { Expected } from './oracle.ts'

/** Event sets of the connections, by source. */
export const eventSets = { whatsapp: '901', tiktok: '902', haravan: '903' } as const

export interface Delivery {
  /** ms after the delivery before it was accepted */
  readonly afterMs: number
  /** Signed at the time of each try. */
  request(): Request
  /** It names the ad of messages that were delivered before. */
  readonly isReferral?: boolean
}

export interface ChaosPerson {
  /** One after the other, as a source delivers them. */
  readonly deliveries: readonly Delivery[]
  readonly expected: readonly Expected[]
}

/** Seconds between the first messages of two people. */
const secondsEach = 2

const texts = [
  { text: 'listo, ya hice el pago', flags: ['payment'] },
  { text: '¿y el envío cuánto cuesta?', flags: ['shipping'] },
  { text: 'pago hecho, espero el envío', flags: ['payment', 'shipping'] },
  { text: 'la pagoda es linda', flags: [] },
] as const

type Kind = 'plain' | 'link' | 'adBefore' | 'adAfter' | 'adNever' | 'order'
const kinds: readonly Kind[] = [
  ...['plain', 'plain', 'plain', 'link', 'link'],
  ...['adBefore', 'adAfter', 'adAfter', 'adNever', 'order'],
] as readonly Kind[]

const propertiesOf = (flags: readonly string[]) => Object.fromEntries(flags.map((flag) => [flag, true]))

/** @param n number of the person @param begin second of the first person's first message */
export const chaosPerson = (n: number, begin: number): ChaosPerson => {
  const kind = kinds[n % kinds.length] as Kind
  const [first, second] = [begin + n * secondsEach, begin + n * secondsEach + 1]
  const [firstMs, secondMs] = [first * 1_000, second * 1_000]
  const opening = n % 3 === 0 ? texts[Math.floor(n / 3) % texts.length] : undefined
  const closing = texts[Math.floor(n / 10) % texts.length] as (typeof texts)[number]
  const greeting = opening?.text ?? 'hola, buenas'
  const pauseMs = 50 + ((n * 37) % 400)

  const expect = (eventSet: string, trackingId: string | null): Expected[] => {
    const keyword = (time: number, flags: readonly string[]): Expected[] =>
      flags.length === 0 ? [] : [{ eventSet, event: 'Keyword', time, trackingId, properties: propertiesOf(flags) }]
    return [
      { eventSet, event: 'Conversation', time: first, trackingId, properties: {} },
      ...keyword(first, opening?.flags ?? []),
      ...keyword(second, closing.flags),
    ]
  }

  if (kind === 'order') {
    const landing = `/products/a?ttclid=E.C.P.order-${n}`
    const changed = (ms: number) => ({
      afterMs: ms,
      request: () => haravanOrder(9_000_000 + n, firstMs, firstMs + ms, landing),
    })
    return {
      deliveries: [changed(0), changed(300)],
      expected: [
        {
          ...{ eventSet: eventSets.haravan, event: 'Order', time: first },
          ...{ trackingId: `E.C.P.order-${n}`, properties: { order: true } },
        },
      ],
    }
  }
  if (kind === 'plain' || kind === 'link') {
    const phone = `52155${String(n).padStart(8, '0')}`
    const trackingId = kind === 'link' ? `E.C.P.chaos-${n}` : null
    const text = trackingId === null ? greeting : `${greeting} https://shop.example/p?ttclid=${trackingId}`
    return {
      deliveries: [
        { afterMs: 0, request: () => whatsappText(phone, `wamid.chaos.${n}.1`, text, firstMs) },
        { afterMs: pauseMs, request: () => whatsappText(phone, `wamid.chaos.${n}.2`, closing.text, secondMs) },
      ],
      expected: expect(eventSets.whatsapp, trackingId),
    }
  }
  const id = `chaos-${n}`
  const adId = String(1_780_000_000_000_000_000n + BigInt(n))
  const referral = (afterMs: number): Delivery => ({
    ...{ afterMs, isReferral: true },
    request: () => tiktokReferral(id, adId, firstMs - 1_000),
  })
  const messages = [
    { afterMs: 0, request: () => tiktokText(id, `${id}-1`, greeting, firstMs) },
    { afterMs: pauseMs, request: () => tiktokText(id, `${id}-2`, closing.text, secondMs) },
    // The shop's own words raise nothing.
    { afterMs: 0, request: () => shopSays(id, `${id}-3`, 'recibimos tu pago', secondMs) },
  ]
  const deliveries = {
    adBefore: [referral(0), ...messages],
    adAfter: [...messages, referral(200 + (n % 7) * 300)],
    adNever: messages,
  }[kind]
  return { deliveries, expected: expect(eventSets.tiktok, kind === 'adNever' ? null : adId) }
}

const shopSays = (conversation: string, id: string, text: string, at: number): Request =>
  tiktok(
    'im_send_msg',
    {
      ...{ conversation_id: conversation, message_id: id, timestamp: at, type: 'text', text: { body: text } },
      message_tag: { source: 'APP' },
    },
    at,
  )
