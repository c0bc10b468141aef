/** Bodies to values: JSON (numbers above 2^53 kept as text) or form fields. */
import { DeliveryUnreadable } from '../../source.ts'

/** Only a body that has so many digits in a row, and not inside quotes, needs the slower way. */
const longNumber = /[:[,]\s*-?\d{16,}/

const isDigit = (unit: number) => unit >= 48 && unit <= 57

/** Behind the quote that closes the string which begins at `from`. */
const behindString = (text: string, from: number): number => {
  let at = from + 1
  for (;;) {
    at = text.indexOf('"', at)
    if (at < 0) return text.length
    let escapes = 0
    while (text.charCodeAt(at - 1 - escapes) === 92) escapes++
    at++
    if (escapes % 2 === 0) return at
  }
}

/**
 * Integers that a double cannot hold, put in quotes: they are ids, and become the digits that stand there. Not by a reviver:
 * that recurses, and a body may be nested as deep as it likes.
 */
const withLongIntegersQuoted = (text: string): string => {
  let quoted = ''
  let copied = 0
  let at = 0
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === 34) {
      at = behindString(text, at)
      continue
    }
    if (!isDigit(unit)) {
      at++
      continue
    }
    const from = text.charCodeAt(at - 1) === 45 ? at - 1 : at
    while (isDigit(text.charCodeAt(at))) at++
    const next = text[at]
    // A fraction or an exponent: no id, and skipped whole.
    if (next === '.' || next === 'e' || next === 'E') {
      at++
      while (/[\d.eE+-]/.test(text[at] ?? '')) at++
    } else if (at - from >= 16 && !Number.isSafeInteger(Number(text.slice(from, at)))) {
      quoted += `${text.slice(copied, from)}"${text.slice(from, at)}"`
      copied = at
    }
  }
  return quoted + text.slice(copied)
}

/** Any depth. @throws SyntaxError; its message may quote the text */
export const parseJson = (text: string): unknown => {
  if (!longNumber.test(text)) return JSON.parse(text)
  return JSON.parse(withLongIntegersQuoted(text))
}

const formType = /^application\/x-www-form-urlencoded\b/i

/** What no JSON begins with: a field's name and what it is. */
const formText = /^[\w.%+[\]-]{1,256}=/

/**
 * @param contentType null where nobody kept it: then a body that looks like a form is one, if the source posts forms
 * @param contentTypes what the source posts
 * @throws DeliveryUnreadable
 */
export const parseBody = (body: Buffer, contentType: string | null, contentTypes: readonly string[]): unknown => {
  const whole = body.toString('utf8')
  // Some senders write a byte order mark first.
  const text = whole.startsWith('\ufeff') ? whole.slice(1) : whole
  const isForm =
    contentType === null
      ? contentTypes.some((type) => formType.test(type)) && formText.test(text)
      : formType.test(contentType)
  if (isForm) return Object.fromEntries(new URLSearchParams(text))
  try {
    return parseJson(text)
  } catch {
    throw new DeliveryUnreadable('the body is not JSON')
  }
}
