/** Bodies to values: JSON (numbers above 2^53 kept as text) or form fields. */
import { DeliveryUnreadable } from '../source.ts'

/** Deeper nesting is no webhook; a limit here keeps every later step from recursing into it. */
const maxDepth = 200
const longNumber = /[:[,]\s*-?\d{16,}/

const tooDeep = (text: string): boolean => {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (quoted) {
      if (unit === 92) at++
      else if (unit === 34) quoted = false
    } else if (unit === 34) quoted = true
    else if (unit === 123 || unit === 91) {
      if (++depth > maxDepth) return true
    } else if (unit === 125 || unit === 93) depth--
  }
  return false
}

/** An integer that a double cannot hold becomes the digits that stood there: it is an id. */
const exact = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? (context?.source ?? value)
    : value

/** @throws SyntaxError; its message may quote the text */
export const parseJson = (text: string): unknown => {
  if (tooDeep(text)) throw new SyntaxError('nested too deeply')
  return longNumber.test(text) ? JSON.parse(text, exact as never) : JSON.parse(text)
}

/** @throws DeliveryUnreadable */
export const readBody = (body: Buffer, contentType: string | null): unknown => {
  const text = body.toString('utf8')
  if ((contentType ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text))
  }
  try {
    return parseJson(text)
  } catch {
    throw new DeliveryUnreadable('the body is not JSON')
  }
}
