/** Packs entries of hour buckets into calls of a script, in the form of hour-bucket-scripts.ts. */

const hashBytes = 8

export interface BucketKey {
  /** Event time, ms. */
  readonly at: number
  /** Keyed hash of `hashBytes`. At a million entries an hour, two collide once in about 4,000 years. */
  readonly hash: Buffer
}
export interface BucketValue extends BucketKey {
  /** The caller defines its meaning. At most 64 bytes: Redis keeps a hash of longer values in ten times the memory. */
  readonly value: Buffer
  /** Other event times that a copy may have; `claim` checks them in the same atomic step. */
  readonly alsoAt?: readonly number[]
}

/** Number of hash tags. A cluster of up to 16 nodes shares the load. */
export const hashTagCount = 16
/** All hash tags, as in the keys. */
export const hashTags: readonly string[] = Array.from({ length: hashTagCount }, (_, tag) => String(tag))
/** Keys have 16-bit indexes, and a call must not block Redis for long. */
const maxEntries = 500
/** Of an entry with a short value and some other event times. */
const usualBytes = 64
/** More than the buckets of any span. */
const bucketLimit = 2 ** 20

/** How a map divides its entries among keys. */
export interface BucketLayout {
  readonly prefix: string
  readonly spanMs: number
  /** Of the buckets that a hash tag has in a span. */
  readonly mask: number
}

/** Entries of one script call. */
export class BucketCall {
  readonly keys: string[] = []
  /** Of each entry in the caller's list. */
  readonly indexes: number[] = []
  /** For a span, a bucket and a hash tag as one number, the index of their key. */
  readonly #keyIndexes = new Map<number, number>()
  readonly #layout: BucketLayout
  #packed: Buffer
  #used = 0

  /** @param count of the entries that it may get */
  constructor(layout: BucketLayout, count: number) {
    this.#layout = layout
    this.#packed = Buffer.allocUnsafe(Math.min(count, maxEntries) * usualBytes)
  }

  get packed(): Buffer {
    return this.#packed.subarray(0, this.#used)
  }

  get isFull(): boolean {
    return this.indexes.length >= maxEntries
  }

  add(index: number, { at, hash, value, alsoAt = [] }: BucketKey & Partial<BucketValue>): void {
    this.indexes.push(index)
    const size = value?.length ?? 0
    const end = this.#used + 3 + 2 * alsoAt.length + hashBytes + 1 + size
    if (end > this.#packed.length) this.#packed = Buffer.concat([this.packed], 2 * end)
    const packed = this.#packed
    let place = packed.writeUInt16BE(this.#keyIndex(at, hash), this.#used)
    packed[place++] = alsoAt.length
    for (const other of alsoAt) place = packed.writeUInt16BE(this.#keyIndex(other, hash), place)
    packed.set(hash, place)
    place += hashBytes
    packed[place++] = size
    if (value) packed.set(value, place)
    this.#used = end
  }

  #keyIndex(at: number, hash: Buffer): number {
    const { prefix, spanMs, mask } = this.#layout
    const span = Math.floor(at / spanMs)
    const bucket = hash.readUInt32BE(0) & mask
    const tag = tagOf(hash)
    const place = (span * bucketLimit + bucket) * hashTagCount + tag
    const known = this.#keyIndexes.get(place)
    if (known !== undefined) return known
    const index = this.keys.push(`${prefix}:{${tag}}:${span.toString(36)}:${bucket.toString(36)}`) - 1
    this.#keyIndexes.set(place, index)
    return index
  }
}

const tagOf = (hash: Buffer) => (hash[hashBytes - 1] as number) % hashTagCount

/**
 * @param areApart whether each hash tag has calls of its own
 * @param firstIndex of the entries in the caller's list
 */
export const bucketCalls = (
  layout: BucketLayout,
  entries: readonly (BucketKey & Partial<BucketValue>)[],
  areApart: boolean,
  firstIndex = 0,
): readonly BucketCall[] => {
  const calls: BucketCall[] = []
  const open = new Array<BucketCall | undefined>(hashTagCount)
  const usualCount = areApart ? Math.ceil((2 * entries.length) / hashTagCount) : entries.length
  entries.forEach((entry, index) => {
    const group = areApart ? tagOf(entry.hash) : 0
    let call = open[group]
    if (!call || call.isFull) {
      call = new BucketCall(layout, usualCount)
      open[group] = call
      calls.push(call)
    }
    call.add(firstIndex + index, entry)
  })
  return calls
}
