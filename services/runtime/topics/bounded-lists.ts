/**
 * Makes avsc count the items that it reads. Avro says before a list how many items follow, and avsc believes it, also behind the end of the
 * bytes: 140 bytes that claim a thousand million links fill the memory. A length below zero leads back, and may be read for ever.
 *
 * Each item of a list or map takes a byte at least, so no value has more of them than it has bytes.
 */
import avro from 'avsc'

/** What avsc reads from. Not in its types. */
interface Tap {
  readonly buf: Uint8Array
  pos: number
  readLong(): number
  readString(): string
  skipString(): void
  /** Items of lists and maps so far, in these bytes: a file's blocks follow each other in one. */
  items?: number
  itemsOf?: Uint8Array
}

interface Reader {
  _read(tap: Tap): unknown
  _skip(tap: Tap): void
}

/** @throws RangeError for more items than the value has bytes */
const count = (tap: Tap, items: number): void => {
  tap.items = tap.itemsOf === tap.buf ? (tap.items ?? 0) + items : items
  tap.itemsOf = tap.buf
  if (!(tap.items <= tap.buf.length)) throw new RangeError('more items than bytes')
}

/** Calls `each` for every item. */
const readBlocks = (tap: Tap, each: () => void): void => {
  for (let size = tap.readLong(); size !== 0; size = tap.readLong()) {
    // The length in bytes that follows is for those who skip.
    if (size < 0) tap.readLong()
    const items = Math.abs(size)
    count(tap, items)
    for (let left = items; left > 0; left--) each()
  }
}

const skipBlocks = (tap: Tap, each: () => void): void => {
  for (let size = tap.readLong(); size !== 0; size = tap.readLong()) {
    if (size > 0) {
      count(tap, size)
      for (let left = size; left > 0; left--) each()
      continue
    }
    count(tap, 1)
    const bytes = tap.readLong()
    if (bytes < 0) throw new RangeError('a length below zero')
    tap.pos += bytes
  }
}

/** For the whole process; safe to repeat. */
export const boundLists = (): void => {
  const { ArrayType, MapType } = avro.types as unknown as Record<string, { readonly prototype: Reader }>
  Object.assign(ArrayType?.prototype ?? {}, {
    _read(this: { readonly itemsType: Reader }, tap: Tap) {
      const { itemsType } = this
      const items: unknown[] = []
      readBlocks(tap, () => items.push(itemsType._read(tap)))
      return items
    },
    _skip(this: { readonly itemsType: Reader }, tap: Tap) {
      skipBlocks(tap, () => this.itemsType._skip(tap))
    },
  })
  Object.assign(MapType?.prototype ?? {}, {
    _read(this: { readonly valuesType: Reader }, tap: Tap) {
      const { valuesType } = this
      const entries: [string, unknown][] = []
      readBlocks(tap, () => entries.push([tap.readString(), valuesType._read(tap)]))
      return Object.fromEntries(entries)
    },
    _skip(this: { readonly valuesType: Reader }, tap: Tap) {
      skipBlocks(tap, () => {
        tap.skipString()
        this.valuesType._skip(tap)
      })
    },
  })
}
