/** Compiles values that are a part of a text: before or after a separator, a query parameter, an extension. */
import type { Value } from '../language/expressions.ts'
import { plainText } from './html.ts'

/** In characters. Real links are shorter, and the cost of parsing grows faster than the length. */
const maxUrl = 16_384

const queryIn = (url: string, name: string): string | undefined => {
  if (url.length > maxUrl || !url.includes('?')) return undefined
  // A landing page may be a path without a host.
  const base = 'https://path.invalid'
  return URL.canParse(url, base) ? new URL(url, base).searchParams.get(name) || undefined : undefined
}

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const extensionOf = (text: string): string | undefined =>
  /\.([A-Za-z0-9]{1,8})(?:[?#].*)?$/s.exec(text.slice(-1000))?.[1]?.toLowerCase()

const before = (text: string, separator: string): string => {
  const at = text.indexOf(separator)
  return at < 0 ? text : text.slice(0, at)
}

const after = (text: string, separator: string): string | undefined => {
  const at = text.indexOf(separator)
  return at < 0 ? undefined : text.slice(at + separator.length)
}

const afterLast = (text: string, separator: string): string | undefined => {
  const at = text.lastIndexOf(separator)
  return at < 0 ? undefined : text.slice(at + separator.length)
}

/** @returns a function on the value as text (numbers included); undefined for a value that changes no text */
export const compileOnText = (
  value: Extract<Value, { of: Value }>,
): ((text: string) => string | undefined) | undefined => {
  if ('stripPrefix' in value) {
    const { stripPrefix } = value
    return (text) => (text.startsWith(stripPrefix) ? text.slice(stripPrefix.length) : text)
  }
  if ('before' in value) return (text) => before(text, value.before)
  if ('after' in value) return (text) => after(text, value.after)
  if ('afterLast' in value) return (text) => afterLast(text, value.afterLast)
  if ('query' in value) return (text) => queryIn(text, value.query)
  if ('decode' in value) return percentDecoded
  if ('extension' in value) return extensionOf
  if ('html' in value) return (text) => plainText(text) || undefined
  return undefined
}
