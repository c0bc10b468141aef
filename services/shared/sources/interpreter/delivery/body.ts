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

/** The start of a form body, which is never the start of JSON: a field's name and an equals sign. */
const formText = /^[\w.%+[\]-]{1,256}=/

const byteOrderMark = '\ufeff'

type Parsed = { readonly isForm: boolean; readonly value: unknown } | 'unreadable'

/** The body of one delivery, parsed when it is first needed and then kept. */
export class ParsedBody {
  readonly #bytes: Buffer
  readonly #contentType: string | null
  readonly #contentTypes: readonly string[]
  #text: string | undefined
  #parsed: Parsed | undefined
  #reserialised: Buffer | null | undefined

  /**
   * @param contentType null where none was kept: then the text decides, if the source posts forms
   * @param contentTypes that the source posts
   */
  constructor(bytes: Buffer, contentType: string | null, contentTypes: readonly string[]) {
    this.#bytes = bytes
    this.#contentType = contentType
    this.#contentTypes = contentTypes
  }

  /** @throws DeliveryUnreadable */
  value(): unknown {
    const parsed = this.#once()
    if (parsed === 'unreadable') throw new DeliveryUnreadable('the body is not JSON')
    return parsed.value
  }

  /** null where the body cannot be parsed. */
  valueOrNull(): unknown {
    const parsed = this.#once()
    return parsed === 'unreadable' ? null : parsed.value
  }

  /** What a signature over fields reads: JSON whatever the content type, and null for any other text. */
  jsonOrNull(): unknown {
    const json = this.#json()
    return json === null ? null : json.value
  }

  /**
   * `JSON.stringify(JSON.parse(body))` as the signer computes it: numbers stay numbers. null: the body is not JSON.
   * Integers above 2^53 need a second parse, since `value` holds them as text.
   */
  reserialised(): Buffer | null {
    if (this.#reserialised === undefined) this.#reserialised = this.#reserialise()
    return this.#reserialised
  }

  #reserialise(): Buffer | null {
    const json = this.#json()
    if (json === null) return null
    try {
      const text = this.#decoded()
      return Buffer.from(JSON.stringify(longNumber.test(text) ? JSON.parse(text) : json.value))
    } catch {
      // JSON.stringify recurses; a hostile body may be nested deeper than the stack.
      return null
    }
  }

  #json(): { readonly value: unknown } | null {
    const parsed = this.#once()
    const text = this.#decoded()
    if (parsed === 'unreadable' || text.startsWith(byteOrderMark)) return null
    if (!parsed.isForm) return parsed
    try {
      return { value: parseJson(text) }
    } catch {
      return null
    }
  }

  #decoded(): string {
    this.#text ??= this.#bytes.toString('utf8')
    return this.#text
  }

  #once(): Parsed {
    this.#parsed ??= this.#parse()
    return this.#parsed
  }

  #parse(): Parsed {
    const whole = this.#decoded()
    // Some senders write a byte order mark first.
    const text = whole.startsWith(byteOrderMark) ? whole.slice(1) : whole
    const isForm =
      this.#contentType === null
        ? this.#contentTypes.some((type) => formType.test(type)) && formText.test(text)
        : formType.test(this.#contentType)
    if (isForm) return { isForm, value: Object.fromEntries(new URLSearchParams(text)) }
    try {
      return { isForm, value: parseJson(text) }
    } catch {
      return 'unreadable'
    }
  }
}
