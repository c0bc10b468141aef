/**
 * Dead letters for the items of a delivery that could not be mapped, one each. A dead letter holds the whole record, so a large
 * delivery with very many bad items must not become a thousand times its size: past a bound, the last letter speaks for the rest.
 */
import { deadLetter, type Outcome } from '../runtime/batch/outcome.ts'

const maxLetters = 100
const maxBytes = 16 * 1_048_576

interface Failed {
  readonly rule: string
  readonly reason: string
}

/** @param bytes of the record that holds the delivery */
export const deadLettersOf = (source: string, failed: readonly Failed[], bytes: number): Outcome[] => {
  const letter = ({ rule, reason }: Failed, more = '') =>
    deadLetter('item_unmappable', `${source}, rule ${rule}: ${reason}${more}`)
  const most = Math.max(1, Math.min(maxLetters, Math.floor(maxBytes / Math.max(1, bytes))))
  if (failed.length <= most) return failed.map((item) => letter(item))
  const rest = failed.length - most
  return failed
    .slice(0, most)
    .map((item, at) => letter(item, at === most - 1 ? `; and ${rest} more items of this delivery` : ''))
}
