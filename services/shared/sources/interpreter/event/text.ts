/** Turns HTML into the text that the person saw, and cuts texts to the contract's length. */
import { maxTextLength } from '../../../model/message-event.ts'

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }
const entity = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,6}));/gi
/** Tags that start a new line. */
const breaking = new Set(['br', '/p', '/div', '/li', '/tr', '/h1', '/h2', '/h3', '/blockquote'])
/** Tags whose content is not displayed. */
const unseen = new Set(['script', 'style'])
/** In characters, markup included. The rest of a longer text would be cut from the result anyway. */
const maxHtml = 16 * maxTextLength

const character = (code: number) =>
  code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ''

const decoded = (text: string): string =>
  text.replace(entity, (all, decimal?: string, hex?: string, name?: string) => {
    if (decimal) return character(Number(decimal))
    if (hex) return character(Number.parseInt(hex, 16))
    return named[(name ?? '').toLowerCase()] ?? all
  })

/** `p` of `<p class="x">`, `/p` of `</p>`; undefined if no tag begins there, as in `a < b`. */
const tagAt = (html: string, at: number): string | undefined =>
  /^<(\/?[a-z][a-z0-9]*|[!?])/i.exec(html.slice(at, at + 20))?.[1]?.toLowerCase()

/** The index after the tag or comment that begins at `at`; -1 if it never ends. */
const endOf = (html: string, at: number, tag: string): number => {
  if (html.startsWith('<!--', at)) {
    const end = html.indexOf('-->', at + 4)
    return end < 0 ? -1 : end + 3
  }
  const end = html.indexOf('>', at)
  if (end < 0) return -1
  if (!unseen.has(tag)) return end + 1
  const closing = html.indexOf(`</${tag}`, end)
  const closed = closing < 0 ? -1 : html.indexOf('>', closing)
  return closed < 0 ? -1 : closed + 1
}

/** One linear pass. A regular expression that looks ahead from every `<` would be quadratic for a hostile text. */
const stripped = (html: string): string => {
  let text = ''
  let at = 0
  for (;;) {
    const opening = html.indexOf('<', at)
    if (opening < 0) return text + html.slice(at)
    const tag = tagAt(html, opening)
    const end = tag === undefined ? opening + 1 : endOf(html, opening, tag)
    // Never closed, so no later tag is closed either.
    if (end < 0) return text + html.slice(at)
    text += html.slice(at, tag === undefined ? end : opening)
    if (tag !== undefined && breaking.has(tag)) text += '\n'
    at = end
  }
}

/** Strips tags first and decodes entities second, so that escaped markup stays text. */
export const plainText = (html: string): string => decoded(stripped(html.slice(0, maxHtml))).trim()

/** Cuts a text to the contract's length, never through a surrogate pair. */
export const cutText = (text: string): string => {
  if (text.length <= maxTextLength) return text
  const last = text.charCodeAt(maxTextLength - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxTextLength - 1 : maxTextLength)
}
