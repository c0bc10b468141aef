/** Click ids of other advertising systems, which are never sent to TikTok. */

/** Names of query parameters and cookies. */
const names = [
  ...['fbclid', 'fbc', '_fbc', 'fbp', '_fbp', 'igshid', 'ctwa_clid'],
  ...['gclid', 'gbraid', 'wbraid', 'gclsrc', 'dclid', '_gcl_aw', 'srsltid'],
  ...['msclkid', 'twclid', 'yclid', 'ysclid', 'li_fat_id', 'sccid', 'epik', 'rdt_cid'],
  ...['ldtag_cl', 'obclid', 'tblci', 'irclickid', 'qclid', 'vmcid'],
]
const known: ReadonlySet<string> = new Set(names)

/** Names are refused as a whole: `EPIK-4821` is a code of a business. */
const wholeName = new RegExp(`(?<![\\w-])(?:${names.join('|')})(?![\\w-])`, 'i')

export const isForeignName = (query: string): boolean => known.has(query.toLowerCase())

/** `[Gg]` is the letter g. */
const oneLetter = /\[(\p{L})\1*\]/giu
const part = /\\[pP](?:\{[^}]{0,40}\}|.)|\\[a-zA-Z]|\\.|\[[^\]]{0,60}\]|\(\?(?:P?<\w{1,40}>|[imsU-]{0,9}[:)])|[()^$|]/gs

/** A character of the kind that the part matches: a name goes on with a word character, and ends at any other. */
const standIn = (found: string): string => {
  if (/^\\[dw]$/.test(found) || /^\[(?!\^)[^=:&]*[a-z0-9]-[a-z0-9]/i.test(found)) return '0'
  if (/^\\[^a-zA-Z]$/.test(found)) return found.slice(1)
  return /^[()]/.test(found) ? '' : ' '
}

/** Whether the pattern spells a foreign name. @param pattern valid for RE2 */
export const namesForeign = (pattern: string): boolean =>
  wholeName.test(pattern.replace(oneLetter, '$1').replace(part, standIn))
