/** What `fold: accents` takes off: marks that people leave out when they type, and letters that they replace. */

/**
 * Combining marks of Latin, Greek and Cyrillic; Arabic harakat and the tatweel, which only stretches a word; Hebrew niqqud and
 * cantillation; the nukta of Indian scripts. Not vowel signs of Thai or Hindi nor the voicing of kana, which make another word.
 */
const accents =
  /\u0640|[\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc]|[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Cyrillic}]]--[\u3099\u309a]]/gv

/** Letters that do not decompose, each with the letter that people type in its place. */
const letters: Readonly<Record<string, string>> = {
  ...{ đ: 'd', ı: 'i', ł: 'l', ø: 'o', ə: 'e', ħ: 'h', ŧ: 't', ɗ: 'd', ɓ: 'b', ƙ: 'k', ґ: 'г' },
  // Arabic as it is written in a hurry, and Persian and Urdu on an Arabic keyboard.
  ...{ ى: 'ي', ی: 'ي', ة: 'ه', ۃ: 'ه', ہ: 'ه', ٱ: 'ا', ک: 'ك' },
}
const replaced = /[đıłøəħŧɗɓƙґىیةۃہٱک]/gu

/** Decompose, remove, compose: stacked marks, or marks out of order, compose only once the others are gone. @param text in small letters */
export const withoutAccents = (text: string): string =>
  text
    .normalize('NFD')
    .replace(accents, '')
    .replace(replaced, (letter) => letters[letter] as string)
    .normalize('NFC')
