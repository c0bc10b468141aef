/** Finds links in texts and reads their query parameters. */

import { withoutEnding } from '../../runtime/without-ending.ts'

/**
 * Before its query, a link may contain characters of any script except quotation marks, brackets and punctuation. In the query, a script
 * without spaces would include the rest of the sentence, so its characters count only before another parameter.
 */
const link =
  /https?:\/\/[^\s<>"'`?“”‘’«»「」『』（）《》【】、。，！？；：…]+(?:\?(?:[!#-&(-;=?-_a-~]|[^\s!-~“”‘’«»「」『』（）《》【】、。，！？；：…]+(?=&))*)?/giu
/** Sentence punctuation after a link, which is not part of it. */
const trailing = '.,;:!?)]}»”’'

export const linksIn = (text: string): string[] =>
  text.includes('://') ? (text.match(link) ?? []).map((found) => withoutEnding(found, trailing)) : []

/** The first non-empty value of a query parameter; null when it is absent or the link is invalid. */
export const queryOf = (url: string, name: string): string | null => {
  // A fragment may carry the query of a single-page app: `#/shop?ttclid=…`.
  if (!url.includes('?')) return null
  // Some shops give the landing page as a path without a host.
  const base = url.startsWith('/') ? 'https://shop.invalid' : undefined
  if (!URL.canParse(url, base)) return null
  const { searchParams, hash } = new URL(url, base)
  const found = searchParams.get(name) ?? new URLSearchParams(hash.split('?')[1] ?? '').get(name)
  return found || null
}
