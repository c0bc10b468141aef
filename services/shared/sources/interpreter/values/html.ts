/** Turns HTML into the text that the person saw, and cuts texts to the contract's length. */
import { maxTextLength } from '../../../model/message-event.ts'
import { namedEntities } from './named-entities.ts'

/** The longest name has 31 letters. Bounded, so that a text of ampersands costs no more than its length. */
const entity = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z][A-Za-z0-9]{1,31}));/g
/** Numbers 128 to 159 mean the characters of Windows-1252, as browsers read them: `&#146;` is an apostrophe. */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'
/** Elements that begin and end a line. */
const blocks = new Set(
  'address article aside blockquote dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tr ul'.split(
    ' ',
  ),
)
/** Elements that stand beside each other in a line: each begins after a space. */
const cells = new Set(['td', 'th'])
/** Tags whose content is not displayed. */
const unseen = new Set(['script', 'style'])
/** In characters, markup included. The rest of a longer text would be cut from the result anyway. */
const maxHtml = 16 * maxTextLength

const character = (code: number): string => {
  if (code >= 0x80 && code <= 0x9f) return windows1252.charAt(code - 0x80)
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : ''
}

const decoded = (text: string): string => {
  if (!text.includes('&')) return text
  return text.replace(entity, (all, decimal?: string, hex?: string, name?: string) => {
    if (decimal) return character(Number(decimal))
    if (hex) return character(Number.parseInt(hex, 16))
    // A space that does not break a line is a space to the person.
    return name === 'nbsp' ? ' ' : (namedEntities.get(name ?? '') ?? all)
  })
}

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

/**
 * What a tag puts between the words beside it, so that `a<div>b</div>` is not the word `ab`.
 * @param last character before the tag; empty at the start
 */
const gapOf = (tag: string, last: string): string => {
  if (tag === 'br' || tag === '/br') return '\n'
  const name = tag.startsWith('/') ? tag.slice(1) : tag
  if (blocks.has(name)) return last === '' || last === '\n' ? '' : '\n'
  return cells.has(tag) && last !== '' && last !== '\n' && last !== ' ' ? ' ' : ''
}

/** One linear pass. A regular expression that looks ahead from every `<` would be quadratic for a hostile text. */
const stripped = (html: string): string => {
  const parts: string[] = []
  // Kept apart, since reading the end of a text that still grows would copy the whole text for each tag.
  let last = ''
  const add = (part: string) => {
    if (part === '') return
    parts.push(part)
    last = part.slice(-1)
  }
  let at = 0
  for (;;) {
    const opening = html.indexOf('<', at)
    const tag = opening < 0 ? undefined : tagAt(html, opening)
    const end = tag === undefined ? opening + 1 : endOf(html, opening, tag)
    // No tag follows, or one that is never closed, and then no later one is closed either.
    if (opening < 0 || end < 0) return parts.join('') + html.slice(at)
    add(html.slice(at, tag === undefined ? end : opening))
    if (tag !== undefined) add(gapOf(tag, last))
    at = end
  }
}

/** Strips tags first and decodes entities second, so that escaped markup stays text. */
export const plainText = (html: string): string => decoded(stripped(html.slice(0, maxHtml))).trim()
