/** The form in which names of outcomes are compared: partners' people type them, with any capitals and spaces. */
import { caseFolded } from '../matching/folding/fold.ts'

/** NFKC, case folding, white space collapsed and cut off at the ends. Empty: the name has nothing to compare. */
export const outcomeNameKey = (name: string): string =>
  caseFolded(name.normalize('NFKC'), false)
    .normalize('NFKC')
    .replace(/[\s\u0085]+/gu, ' ')
    .trim()
