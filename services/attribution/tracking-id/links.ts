/**
 * Finds links in texts and reads their query parameters. A link is what a messenger makes one of, with or without a scheme. Linear in
 * the text: no part of it is read again for each of its beginnings.
 */
import { isHostEnding } from '../../shared/text/host-endings.ts'

/**
 * With a scheme, or a host name and a path or query. Before its query, a link may contain characters of any script except quotation marks,
 * brackets and punctuation. In the query, a script without spaces would include the rest of the sentence, so its characters count only
 * before another parameter.
 */
const link =
  /(?:https?:\/\/(?=[^\s<>"'`?“”‘’«»「」『』（）《》【】、。，！？；：…])|(?<![a-z0-9@./:&=#%-])((?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,23})(?::\d{2,5})?(?=[/?]))[^\s<>"'`?“”‘’«»「」『』（）《》【】、。，！？；：…]*(?:\?(?:[!#-&(-;=?-_a-~]|[^\s!-~“”‘’«»「」『』（）《》【】、。，！？；：…]+(?=&))*)?/giu
/** Sentence punctuation and marks of a chat after a link, which are not part of it. */
const trailing = '.,;:!?)]}»”’*~|'
/** Marks of a chat that open before a link what they close behind it. */
const opening = '*_~|`'

/** A bar ends a link, unless a parameter follows it. */
const barAt = (found: string): number =>
  found.indexOf('|', Math.max(found.lastIndexOf('&'), found.lastIndexOf('=')) + 1)

/** Underscores among the marks that open right before the link. An id may end in one, so only as many are taken off. */
const openUnderscores = (text: string, at: number): number => {
  let count = 0
  for (let from = at - 1; from >= 0 && opening.includes(text.charAt(from)); from--) if (text[from] === '_') count++
  return count
}

const withoutClosing = (found: string, underscores: number): string => {
  let end = found.length
  for (let left = underscores; end > 0; end--) {
    const last = found.charAt(end - 1)
    if (trailing.includes(last)) continue
    if (last !== '_' || left === 0) break
    left--
  }
  return found.slice(0, end)
}

/** What follows a value that a link holds in part only: … of a preview, or the rest of a word whose letter is none of a query. */
const goesOn = /^(?:…|\p{Script=Latin}|\p{M})/u

/** Such a link has half a value at its end. */
const withoutHalf = (found: string): string => {
  const from = Math.max(found.lastIndexOf('?'), found.lastIndexOf('&'))
  return from < 0 ? found : found.slice(0, from)
}

/** As keywords judge it: `www.`, or an ending that exists in small letters. */
const isHost = (name: string) => /^www\./i.test(name) || isHostEnding(name.slice(name.lastIndexOf('.') + 1))

/** @returns with a scheme, also where the text has none */
export const linksIn = (text: string): string[] => {
  const links: string[] = []
  if (!text.includes('/') && !text.includes('?')) return links
  for (const { 0: found, 1: name, index } of text.matchAll(link)) {
    if (name !== undefined && !isHost(name)) continue
    const bar = barAt(found)
    const whole = bar < 0 ? found : found.slice(0, bar)
    const isCut = whole.endsWith('...') || (bar < 0 && goesOn.test(text.charAt(index + found.length)))
    const closed = withoutClosing(whole, openUnderscores(text, index))
    links.push(`${name === undefined ? '' : 'https://'}${isCut ? withoutHalf(closed) : closed}`)
  }
  return links
}

/** `ttclid` counts in any letter case; names of a connection's own are taken as they are. */
const valuesOf = (params: URLSearchParams, name: string): string[] =>
  name.toLowerCase() === 'ttclid'
    ? [...params].filter(([key]) => key.toLowerCase() === 'ttclid').map(([, value]) => value)
    : params.getAll(name)

/** The first non-empty value of a query parameter; null when it is absent or the link is invalid. */
export const queryOf = (url: string, name: string): string | null => {
  // A fragment may carry the query of a single-page app: `#/shop?ttclid=…`.
  if (!url.includes('?')) return null
  const plain = url.includes('&amp;') ? url.replace(/&(?:amp;)+/g, '&') : url
  // Some shops give the landing page as a path without a host.
  const base = plain.startsWith('/') ? 'https://shop.invalid' : undefined
  if (!URL.canParse(plain, base)) return null
  const { searchParams, hash } = new URL(plain, base)
  const ofFragment = new URLSearchParams(hash.split('?')[1] ?? '')
  return [...valuesOf(searchParams, name), ...valuesOf(ofFragment, name)].find((value) => value !== '') ?? null
}
