/** Lines of a chat with the flags that they mean: by rule from sentences and from habits of people who type, and by hand. */
import { byHand } from './by-hand.ts'
import { type Language, languages } from './languages.ts'

export interface LabelledLine {
  readonly language: string
  readonly text: string
  readonly flags: readonly string[]
}

const perLanguage = 200

/** How people write a word that they mean. Each keeps its meaning. */
const habits: readonly ((word: string, spaced: boolean) => string)[] = [
  (word) => word,
  (word) => word.toUpperCase(),
  (word) => `*${word}*`,
  (word) => `_${word}_`,
  (word) => `${word}🙏`,
  (word) => `${word}!!!`,
  (word) => word.normalize('NFD'),
  (word) => `${word.slice(0, 2)}\u200b${word.slice(2)}`,
  (word, spaced) => (spaced ? `ok.${word}` : word),
  (word) => `${word}100`,
  (word) => `«${word}»`,
  (word) => `${word}™`,
  (word, spaced) => (spaced && /[\p{L}]$/u.test(word) ? word + word.slice(-1).repeat(3) : word),
]
const greetings = ['', '', '👋 ', 'hi ', '… ']

/** Endings and beginnings of a Turkish or Arabic word are no part of a lengthened letter, and capitals of Turkish have a habit of their own. */
const suits = (habit: number, { name }: Language) => !(name === 'Turkish' && [1, 9, 12].includes(habit))

const linesOf = (language: Language): LabelledLine[] => {
  const said = Object.entries(language.said).flatMap(([flag, words]) => words.map((word) => ({ flag, word })))
  const suited = habits.filter((_, at) => suits(at, language))
  const pick = <T>(from: readonly T[], at: number): T => from[at % from.length] as T
  return Array.from({ length: perLanguage }, (_, n) => {
    const sentence = `${pick(greetings, Math.floor(n / 7))}${pick(language.sentences, n)}`
    // One line in three means nothing, though it holds the letters of a keyword.
    if (n % 3 === 2)
      return {
        language: language.name,
        text: sentence.replace('{}', pick(language.others, Math.floor(n / 3))),
        flags: [],
      }
    const { flag, word } = pick(said, n - Math.floor(n / 3))
    const written = pick(suited, Math.floor(n / 5))(word, language.spaced)
    return { language: language.name, text: sentence.replace('{}', written), flags: [flag] }
  })
}

export const labelledLines: readonly LabelledLine[] = [...languages.flatMap(linesOf), ...byHand]
