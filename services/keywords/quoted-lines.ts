/** The words of an e-mail that are the person's own: without the lines that it quotes and the message that it answers or passes on. */
import type { Channel } from '../shared/model/message-event.ts'

/** Longer lines are no heading of a quotation. */
const longestHeading = 300

/** "On Mon, Ana wrote:", as mail programs write it in the languages of the sources. */
const wrote =
  /(?:\bwrote|\bescribi[óo]|\bescreveu|\ba écrit|\bschrieb|\bha scritto|\bnapisał\(a\)|\bnapisał|\byazdı|đã viết|\bmenulis|\bпишет|написал\(а\)|написал|كتب|เขียนว่า|写道|のメール)\s*[:：]$/iu
/** "----- Original Message -----" and the line that Outlook draws. */
const divider = /^(?:_{10,}|-{2,}[^-]{3,60}-{2,})$/u

const endsOwnWords = (line: string): boolean =>
  line.length <= longestHeading && (wrote.test(line) || divider.test(line))

/** @returns the text itself on other channels */
export const ownTextOf = (channel: Channel, text: string): string => {
  if (channel !== 'email') return text
  const own: string[] = []
  for (const line of text.split('\n')) {
    const bare = line.trim()
    if (endsOwnWords(bare)) break
    if (!bare.startsWith('>')) own.push(line)
  }
  return own.join('\n')
}
