/** Encodes values into slabs: avsc would allocate a buffer for each, and its caller another one for the bytes in front. */
import type { Type } from 'avsc'

const slabBytes = 65_536
/** Most values take less. A larger one is encoded again into a buffer of its own. */
const usualBytes = 4_096

let slab = Buffer.allocUnsafe(slabBytes)
let used = 0

/** @param before bytes to leave free in front of the value, for the caller to fill in. @throws Error of avsc for a value of another type */
export const encoded = (type: Type, value: unknown, before: number): Buffer => {
  if (before + usualBytes > slabBytes - used) {
    if (before + usualBytes > slabBytes) return alone(type, value, before)
    slab = Buffer.allocUnsafe(slabBytes)
    used = 0
  }
  const end = type.encode(value, slab, used + before)
  if (end < 0) return alone(type, value, before)
  const bytes = slab.subarray(used, end)
  used = end
  return bytes
}

const alone = (type: Type, value: unknown, before: number): Buffer => {
  const body = type.toBuffer(value)
  const bytes = Buffer.allocUnsafe(before + body.length)
  bytes.set(body, before)
  return bytes
}
