/**
 * Spellings that look alike and that NFKC keeps apart, or brings together wrongly: kinds of apostrophes and hyphens, marks that form a
 * character of their own, signs, keycaps, and vowels of Thai and Lao in another order.
 */

/** Kinds of apostrophes, among them prime, grave and the letters of Ukrainian and Hawaiian. ´ is handled before NFKC. */
const apostrophes = /[`\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02c8\u2032\u055a\ua78b\ua78c]/gu
/** Kinds of hyphens, among them the minus sign, Hebrew's maqaf and Armenian's hyphen. Dashes are none: they part sentences. */
const hyphens = /[\u2010\u2011\u2043\u02d7\u2212\u058a\u05be]/gu
const aloneAsApostrophe = '\u00b4\u0384\u1fbd\u1fbf\u1ffd\u1ffe'
const keycap = /([0-9#*])\ufe0f?\u20e3/gu
/** Characters of their own for keycaps, which are symbols and not digits. Of the private use area, so that no person types them. */
const keycapBase = 0xf8a0
/** Any sign of the letterlike symbols (™ ℠ № ℡ …) is this sign: NFKC would make letters of it that join the word before. */
const letterlikeSign = '\u00ae'

/** What stays of characters that NFKC would change for the worse: spacing accents become a combining mark, signs become letters. */
const beforeNfkc = (() => {
  const found = new Map<string, string>()
  for (let unit = 0x80; unit < 0x2150; unit++) {
    const character = String.fromCharCode(unit)
    const normal = character.normalize('NFKC')
    if (normal.length > 1 && /^ \p{M}+$/u.test(normal))
      found.set(character, aloneAsApostrophe.includes(character) ? "'" : ' ')
    else if (unit >= 0x2100 && /\p{So}/u.test(character) && /\p{L}/u.test(normal)) found.set(character, letterlikeSign)
  }
  return found
})()
const signs = new RegExp(`[${[...beforeNfkc.keys()].join('')}]`, 'gu')

/** Before NFKC. */
export const withSigns = (text: string): string => {
  const plain = text.replace(signs, (sign) => beforeNfkc.get(sign) as string)
  return plain.includes('\u20e3')
    ? plain.replace(keycap, (_all, key: string) => String.fromCharCode(keycapBase + key.charCodeAt(0)))
    : plain
}

/**
 * Vowels of Thai and Lao: nikhahit and aa are one vowel, also with the tone between or behind; two e are ae. NFKC takes the vowel
 * apart, and dictionaries and people write one character.
 */
const withVowels = (text: string) =>
  text
    .replace(/\u0e4d([\u0e48-\u0e4b]*)\u0e32/gu, '$1\u0e33')
    .replace(/\u0e33([\u0e48-\u0e4b]+)/gu, '$1\u0e33')
    .replaceAll('\u0e40\u0e40', '\u0e41')
    .replace(/\u0ecd([\u0ec8-\u0ecb]*)\u0eb2/gu, '$1\u0eb3')
    .replace(/\u0eb3([\u0ec8-\u0ecb]+)/gu, '$1\u0eb3')
    .replaceAll('\u0ec0\u0ec0', '\u0ec1')
const hasVowels = /[\u0e33\u0e40\u0e4d\u0eb3\u0ec0\u0ecd]/u

/** After NFKC and case folding. */
export const withOneSpelling = (text: string): string => {
  const marked = text.replace(apostrophes, "'").replace(hyphens, '-')
  return hasVowels.test(marked) ? withVowels(marked) : marked
}
