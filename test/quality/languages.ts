/** Keyword lists of ten languages, and sentences from which lines of a chat are made. `{}` is where a keyword or another word goes. */
import type { KeywordEntry } from '../../services/shared/model/keyword-list.ts'
import { keywordEntry } from '../support/builders.ts'

export interface Language {
  readonly name: string
  readonly list: readonly KeywordEntry[]
  /** What people write, by flag: words as they write them, also without accents or with an ending. */
  readonly said: Readonly<Record<string, readonly string[]>>
  readonly sentences: readonly string[]
  /** Words and phrases that contain a keyword and do not mean it. */
  readonly others: readonly string[]
  /** false: words have no spaces around them. */
  readonly spaced: boolean
}

const paid = (keyword: string, fields: Partial<KeywordEntry> = {}) =>
  keywordEntry(keyword, { flag: 'payment', fold: 'chat', ...fields })
const sent = (keyword: string, fields: Partial<KeywordEntry> = {}) =>
  keywordEntry(keyword, { flag: 'shipping', fold: 'chat', ...fields })

export const languages: readonly Language[] = [
  {
    name: 'Spanish',
    list: [paid('pago', { unless: ['método de pago', 'pago contra entrega'] }), paid('ya pagué'), sent('envío')],
    said: { payment: ['pago', 'ya pagué', 'ya pague', 'PAGO'], shipping: ['envío', 'envio', 'ENVÍO'] },
    sentences: ['hola, {} por favor', 'buenas tardes {}', '¿{}? gracias', 'ayer hice lo del {} y nada', '{} ya'],
    others: ['la pagoda', 'impago', 'método de pago', 'www.pago.com', 'enviopack', 'pagoo'],
    spaced: true,
  },
  {
    name: 'Portuguese',
    list: [paid('paguei'), paid('pagamento', { unless: ['forma de pagamento'] }), sent('entrega')],
    said: { payment: ['paguei', 'pagamento', 'Pagamento'], shipping: ['entrega', 'ENTREGA'] },
    sentences: ['oi, {} obrigada', 'bom dia {} hoje', '{}? me avisa', 'então {} tá bom', 'moça, {} aqui'],
    others: ['pagamentos', 'forma de pagamento', 'entregador', 'loja.com.br/entrega', 'apaguei'],
    spaced: true,
  },
  {
    name: 'Indonesian',
    list: [paid('transfer', { match: 'suffix' }), paid('bayar', { unless: ['cara bayar'] }), sent('ongkir')],
    said: { payment: ['transfer', 'ditransfer', 'bayar', 'BAYAR'], shipping: ['ongkir', 'Ongkir'] },
    sentences: ['kak {} ya', 'min, {} dong', 'sudah {} kak', 'halo {} gimana', '{} berapa sih'],
    others: ['transferan', 'cara bayar', 'pembayaran', 'bayaran', 'toko.co.id/ongkir'],
    spaced: true,
  },
  {
    name: 'Vietnamese',
    list: [paid('chuyển khoản'), paid('thanh toán', { unless: ['phương thức thanh toán'] }), sent('giao hàng')],
    said: {
      payment: ['chuyển khoản', 'chuyen khoan', 'thanh toán', 'thanh toan'],
      shipping: ['giao hàng', 'giao hang', 'Giao Hàng'],
    },
    sentences: ['shop ơi {} nhé', 'em {} rồi ạ', 'cho hỏi {} sao', 'chị {} chưa', '{} giúp em'],
    others: ['phương thức thanh toán', 'chuyển nhà', 'hàng giao', 'khoản vay'],
    spaced: true,
  },
  {
    name: 'Turkish',
    list: [
      paid('ödeme', { match: 'prefix', fold: 'exact', locale: 'tr' }),
      paid('havale', { locale: 'tr' }),
      sent('kargo', { match: 'prefix', locale: 'tr' }),
    ],
    said: { payment: ['ödeme', 'ödemeyi', 'ÖDEME', 'havale'], shipping: ['kargo', 'kargom', 'KARGO'] },
    sentences: ['merhaba {} lütfen', 'selam, {} oldu mu', '{} yaptım', 'bugün {} diyorum', 'acaba {} nasıl'],
    others: ['önödeme', 'havalem', 'www.kargo.com.tr', 'megakargo'],
    spaced: true,
  },
  {
    name: 'Arabic',
    list: [paid('تحويل', { match: 'suffix' }), paid('دفعت'), sent('شحن', { match: 'suffix' })],
    said: { payment: ['تحويل', 'التحويل', 'دفعت', 'دَفَعت'], shipping: ['شحن', 'الشحن', 'شحـــن'] },
    sentences: ['السلام عليكم {} لو سمحت', 'مرحبا {} اليوم', 'كم {} عندكم', 'تم {} شكرا', '{} يا اخي'],
    others: ['تحويلة', 'الشحنة', 'دفعتين', 'شحنات'],
    spaced: true,
  },
  {
    name: 'Korean',
    list: [
      paid('입금', { match: 'prefix' }),
      paid('결제', { match: 'prefix', unless: ['결제 방법'] }),
      sent('배송', { match: 'prefix' }),
    ],
    said: { payment: ['입금', '입금했어요', '결제', '결제를'], shipping: ['배송', '배송은'] },
    sentences: ['안녕하세요 {} 부탁드려요', '어제 {} 확인해 주세요', '{} 언제 되나요', '사장님 {} 얼마예요'],
    others: ['미입금', '재결제', '결제 방법', '무료배송'],
    spaced: true,
  },
  {
    name: 'Thai',
    list: [paid('โอน'), paid('สลิป', { unless: ['สลิปเปอร์'] }), sent('ค่าส่ง')],
    said: { payment: ['โอน', 'โอนแล้ว', 'สลิป'], shipping: ['ค่าส่ง'] },
    sentences: ['สวัสดีค่ะ{}นะคะ', 'แม่ค้าคะ{}ค่ะ', 'ขอดู{}หน่อย', '{}ค่ะ', 'พี่คะ {} ได้ไหม'],
    others: ['วิดีโอนี้', 'สลิปเปอร์', 'สเตอริโอนี้', 'ไอโอนิก'],
    spaced: false,
  },
  {
    name: 'Chinese',
    list: [paid('付款'), paid('转账'), sent('快递', { unless: ['快递员'] })],
    said: { payment: ['付款', '转账', '已付款'], shipping: ['快递', '发快递'] },
    sentences: ['你好，{}了', '请问怎么{}呢', '我想{}可以吗', '老板{}吧', '{}'],
    others: ['快递员', '款式', '账户', '递给我'],
    spaced: false,
  },
  {
    name: 'Japanese',
    list: [paid('支払い', { unless: ['支払い方法'] }), paid('振込'), sent('送料')],
    said: { payment: ['支払い', 'お支払い', '振込'], shipping: ['送料'] },
    sentences: ['こんにちは、{}をお願いします', '{}は済みました', '昨日{}しました', 'すみません{}について', '{}です'],
    others: ['支払い方法', '資料', '申込', '運送'],
    spaced: false,
  },
]
