/** Values of a body as text and as keys. */

/**
 * Ids may be numbers: returns their digits.
 * @returns null for an empty text, an infinite number and any other type
 */
export const asText = (value: unknown): string | null => {
  if (typeof value === 'string') return value === '' ? null : value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : null
}

/** The key to look up in a map. Never an object, whose own `toString` may return anything. */
export const asKey = (value: unknown): string | null => (typeof value === 'boolean' ? String(value) : asText(value))
