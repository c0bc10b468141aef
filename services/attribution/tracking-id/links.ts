/** Links in texts, and what their queries say. */

/**
 * Up to its query a link may hold characters of any script, but for quotation marks, brackets and punctuation. In its query, scripts
 * that write without spaces would go on into the sentence: there they count only where another parameter follows.
 */
const link =
  /https?:\/\/[^\s<>"'`?“”‘’«»「」『』（）《》【】、。，！？；：…]+(?:\?(?:[!#-&(-;=?-_a-~]|[^\s!-~“”‘’«»「」『』（）《》【】、。，！？；：…]+(?=&))*)?/giu
/** Sentence punctuation after a link is not part of it. */
const trailing = /[.,;:!?)\]}»”’]+$/u

export const linksIn = (text: string): string[] =>
  text.includes('://') ? (text.match(link) ?? []).map((found) => found.replace(trailing, '')) : []

/** The first non-empty value of a query parameter; null where there is none or the link is none. */
export const queryOf = (url: string, name: string): string | null => {
  // A fragment may carry the query of a single-page app: `#/shop?ttclid=…`.
  if (!url.includes('?')) return null
  // A shop names its landing page by its path alone.
  const base = url.startsWith('/') ? 'https://shop.invalid' : undefined
  if (!URL.canParse(url, base)) return null
  const { searchParams, hash } = new URL(url, base)
  const found = searchParams.get(name) ?? new URLSearchParams(hash.split('?')[1] ?? '').get(name)
  return found || null
}
