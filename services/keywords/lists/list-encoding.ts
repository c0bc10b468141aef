/**
 * Reads the bytes of a list file as text: UTF-8 or UTF-16, as programs for tables write it. Any other encoding is refused, because its
 * letters would never match.
 */
import { KeywordListInvalid } from './list.ts'

const remedy = 'save it again as "CSV UTF-8" (in Excel: File, Save As, CSV UTF-8; in LibreOffice: character set UTF-8)'

/** The first line that is not UTF-8, from 1. A line feed is no part of another character in UTF-8. */
const firstWrongLine = (bytes: Buffer): number => {
  for (let line = 1, from = 0; ; line++) {
    const end = bytes.indexOf(0x0a, from)
    if (end < 0 || !isUtf8(bytes.subarray(from, end))) return line
    from = end + 1
  }
}

const isUtf8 = (bytes: Buffer): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
const utf16 = (bytes: Buffer, isBig: boolean): string => {
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2))
  return new TextDecoder('utf-16le').decode(isBig ? Buffer.from(even).swap16() : even)
}

/** @throws KeywordListInvalid that names line and remedy */
export const decodeListFile = (bytes: Buffer): string => {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return utf16(bytes, false)
  if (first === 0xfe && second === 0xff) return utf16(bytes, true)
  // Latin letters of the first line, with a zero byte each: UTF-16 without its mark.
  if (bytes.length >= 2 && (first === 0 || second === 0)) return utf16(bytes, first === 0)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw new KeywordListInvalid(
    `line ${firstWrongLine(bytes)}: is not UTF-8, perhaps Windows-1252 or Windows-874; ${remedy}`,
  )
}
