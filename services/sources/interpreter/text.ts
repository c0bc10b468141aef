/** Texts as the person saw them. */
import { maxTextLength } from '../../model/message-event.ts'

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const entity = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi
/** Block ends and line breaks are where a person sees a new line. */
const breaks = /<(?:br\s*\/?|\/p|\/div|\/li|\/tr)\s*>/gi
const tags = /<[!/?a-z][^<>]*>/gi

const character = (code: number) =>
  code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ''

/** Tags stripped, then entities decoded: what was escaped stays text. */
export const plainText = (html: string): string =>
  html
    .replace(breaks, '\n')
    .replace(tags, '')
    .replace(entity, (all, decimal?: string, hex?: string, name?: string) => {
      if (decimal) return character(Number(decimal))
      if (hex) return character(Number.parseInt(hex, 16))
      return named[(name ?? '').toLowerCase()] ?? all
    })
    .trim()

/** Cut to the contract's length, never through a surrogate pair. */
export const cutText = (text: string): string => {
  if (text.length <= maxTextLength) return text
  const last = text.charCodeAt(maxTextLength - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxTextLength - 1 : maxTextLength)
}
