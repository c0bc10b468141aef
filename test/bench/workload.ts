/** A synthetic workload with a known answer: conversations in five languages, a keyword in a tenth of the messages. */
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import { messageEvent } from '../support/builders.ts'

const texts = [
  'hola, quería saber si todavía tienen el modelo azul que vi ayer en su página',
  'halo kak, mau tanya apakah barang yang warna merah masih ada di toko',
  'bom dia, vocês entregam no sábado de manhã ou só durante a semana',
  'chào shop, cho mình hỏi mẫu này còn hàng không và giao mất mấy ngày',
  'สวัสดีค่ะ อยากทราบว่ารุ่นนี้ยังมีของอยู่ไหม',
]
const paymentTexts = ['ya hice el PAGO', 'sudah bayar ya', 'o pagamento foi feito', 'đã thanh toán rồi', 'โอนเงินแล้ว']

/** The keyword list of the workload, padded to 1,000 entries with words that do not occur. */
export const keywords = [
  ...['pago', 'bayar', 'pagamento', 'thanh toán', 'โอนเงิน'].map((keyword) => ({
    keyword,
    flag: 'payment',
    locale: null,
    match: 'word' as const,
    fold: 'exact' as const,
    addresses: 'skip' as const,
    unless: [],
  })),
  ...Array.from({ length: 995 }, (_, n) => ({
    keyword: `palabra${n} nunca`,
    flag: `flag_${n % 40}`,
    locale: null,
    match: 'word' as const,
    fold: 'exact' as const,
    addresses: 'skip' as const,
    unless: [],
  })),
]

export const accounts = Array.from({ length: 50 }, (_, n) => `account-${n}`)

export interface Workload {
  readonly events: readonly MessageEvent[]
  /** Number of signals that must arrive, each once. */
  readonly signals: number
}

/** @param end time of the last message, ms; messages are one second apart */
export const makeWorkload = (count: number, end: number): Workload => {
  let signals = 0
  const seen = new Set<number>()
  const events = Array.from({ length: count }, (_, n): MessageEvent => {
    const conversation = Math.floor(n / 30) * 5 + (n % 5)
    const inbound = n % 5 !== 4 || !seen.has(conversation)
    const first = inbound && !seen.has(conversation)
    if (inbound) seen.add(conversation)
    const keyword = inbound && n % 10 === 7
    signals += (first ? 1 : 0) + (keyword ? 1 : 0)
    const accountId = accounts[conversation % accounts.length] as string
    return messageEvent({
      accountId,
      conversationId: `${accountId}:person-${conversation}`,
      messageId: `message-${n}`,
      direction: inbound ? 'inbound' : 'outbound',
      sender: inbound ? 'user' : 'agent',
      occurredAt: end - (count - n) * 1000,
      text: `${texts[n % texts.length]}${keyword ? `, ${paymentTexts[n % paymentTexts.length]}` : ''}`,
    })
  })
  return { events, signals }
}
