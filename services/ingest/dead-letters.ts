/**
 * Dead letters for the unmappable items of a delivery, one each. Every dead letter holds the whole record. A bound keeps a large
 * delivery with many bad items from growing a thousandfold; past it, the last letter counts the rest.
 */
import { deadLetter, type Outcome } from '../runtime/batch/outcome.ts'

const maxLetters = 100
/** Of all dead letters of one delivery. */
const maxBytes = 16 * 1_048_576

interface UnmappableItem {
  readonly rule: string
  readonly reason: string
}

/** @param bytes size of the record that holds the delivery */
export const deadLettersOf = (source: string, failed: readonly UnmappableItem[], bytes: number): Outcome[] => {
  const letter = ({ rule, reason }: UnmappableItem, suffix = '') =>
    deadLetter('item_unmappable', `${source}, rule ${rule}: ${reason}${suffix}`)
  const max = Math.max(1, Math.min(maxLetters, Math.floor(maxBytes / Math.max(1, bytes))))
  if (failed.length <= max) return failed.map((item) => letter(item))
  const rest = failed.length - max
  return failed
    .slice(0, max)
    .map((item, at) => letter(item, at === max - 1 ? `; and ${rest} more items of this delivery` : ''))
}
