/**
 * The default partitioner of Java's client and kafkajs. `compatibilityPartitioner` of platformatic has the same results, but computes with
 * BigInt, which costs more than encoding the record.
 */
const seed = 0x9747b28c
const multiplier = 0x5bd1e995

const finished = (hash: number): number => {
  const mixed = Math.imul(hash ^ (hash >>> 13), multiplier)
  return mixed ^ (mixed >>> 15)
}

/** Of a text in ASCII, without its bytes; null for any other. Most keys are pseudonyms. */
const murmur2OfAscii = (text: string): number | null => {
  const { length } = text
  const whole = length & ~3
  let hash = seed ^ length
  let seen = 0
  for (let at = 0; at < whole; at += 4) {
    const a = text.charCodeAt(at)
    const b = text.charCodeAt(at + 1)
    const c = text.charCodeAt(at + 2)
    const d = text.charCodeAt(at + 3)
    seen |= a | b | c | d
    let word = Math.imul(a | (b << 8) | (c << 16) | (d << 24), multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at--) {
      const unit = text.charCodeAt(at)
      seen |= unit
      hash ^= unit << (8 * (at - whole))
    }
    hash = Math.imul(hash, multiplier)
  }
  return seen > 0x7f ? null : finished(hash)
}

const murmur2 = (bytes: Buffer): number => {
  const { length } = bytes
  const whole = length & ~3
  let hash = seed ^ length
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), multiplier)
    word = Math.imul(word ^ (word >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ word
  }
  if (whole < length) {
    for (let at = length - 1; at >= whole; at--) hash ^= (bytes[at] as number) << (8 * (at - whole))
    hash = Math.imul(hash, multiplier)
  }
  return finished(hash)
}

export const partitionOf = (key: string, partitions: number): number =>
  ((murmur2OfAscii(key) ?? murmur2(Buffer.from(key))) & 0x7fffffff) % partitions
