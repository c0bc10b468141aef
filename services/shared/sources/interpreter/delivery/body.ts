/** Parses bodies: JSON, in which integers above 2^53 become text, or form fields. */
import { DeliveryUnreadable } from '../../source.ts'

/** Only a body with a number of 16 or more digits may hold an integer above 2^53 and needs the slower way. */
const longNumber = /[:[,]\s*-?\d{16,}/

const isDigit = (unit: number) => unit >= 48 && unit <= 57

/** @param from index of a string's opening quote @returns the index after its closing quote */
const afterString = (text: string, from: number): number => {
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
 * Quotes integers that a double cannot hold: they are ids, and must keep all their digits. A reviver would not do, because it
 * recurses and a body may be nested to any depth.
 */
const withLongIntegersQuoted = (text: string): string => {
  let quoted = ''
  let copied = 0
  let at = 0
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === 34) {
      at = afterString(text, at)
      continue
    }
    if (!isDigit(unit)) {
      at++
      continue
    }
    const from = text.charCodeAt(at - 1) === 45 ? at - 1 : at
    while (isDigit(text.charCodeAt(at))) at++
    const next = text[at]
    // A fraction or an exponent: not an id, so the whole number is skipped.
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

/** Parses JSON of any depth. @throws SyntaxError, whose message may quote the text */
export const parseJson = (text: string): unknown => {
  if (!longNumber.test(text)) return JSON.parse(text)
  return JSON.parse(withLongIntegersQuoted(text))
}

const formType = /^application\/x-www-form-urlencoded\b/i

/** The start of a form: a field's name and `=`, which no JSON starts with. */
const formText = /^[\w.%+[\]-]{1,256}=/

/**
 * @param contentType null: unknown; a body that looks like a form is then one, if the source posts forms
 * @param contentTypes the media types of the source
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
