/** Buffers for a text's code units, used again for each text: matching is synchronous. */
import { maxTextLength } from '../../shared/model/message-event.ts'
import { type CodeUnitTable, is } from './code-unit-table.ts'
import { mayLengthen } from './folding/likeness.ts'

/** As long as the longest text that a message may have. */
const written = new Uint16Array(maxTextLength)
const writtenBytes = Buffer.from(written.buffer)
const plain = new Uint16Array(maxTextLength)

/** Copies a text to an array: reading units from it costs half of `charCodeAt`. A longer text gets its own array. */
export const codeUnitsOf = (text: string): Uint16Array => {
  if (text.length > maxTextLength) return Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  writtenBytes.write(text, 'utf16le')
  return written
}

/**
 * The folded units without runs of one letter and without what folding takes off. A folded unit folds to itself.
 * @returns null where folding depends on neighbours, and for texts that are too long
 */
export const withoutLengthening = (
  units: Uint16Array,
  length: number,
  { folded, attributes }: CodeUnitTable,
): readonly [Uint16Array, number] | null => {
  if (length > maxTextLength) return null
  let count = 0
  let previous = -1
  for (let at = 0; at < length; at++) {
    const unit = units[at] as number
    const attribute = attributes[unit] as number
    if ((attribute & is.complex) !== 0) return null
    if ((attribute & is.ignored) !== 0) continue
    const plainUnit = (attribute & is.surrogate) !== 0 ? unit : (folded[unit] as number)
    if (plainUnit === previous && mayLengthen(plainUnit)) continue
    previous = plainUnit
    plain[count++] = plainUnit
  }
  return [plain, count]
}
