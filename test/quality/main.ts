/**
 * `make keyword-quality`: precision and recall of keyword lists over 2,000 lines made by rule and a hundred written by hand, in ten
 * languages. Prints figures, with `--all` also each line that differs. Exits with 1 where a figure is below its floor.
 */
import { compileKeywords, type KeywordMatcher } from '../../services/keywords/matching/matcher.ts'
import { languages } from './languages.ts'
import { labelledLines } from './lines.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
/** Of each language; a change that falls below them is a regression. */
const floors = { precision: 0.98, recall: 0.95 }
const showsAll = process.argv.includes('--all')

const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole)
const percent = (value: number) => `${(value * 100).toFixed(1)} %`.padStart(9)

print(`${'language'.padEnd(12)} ${'lines'.padStart(6)} precision    recall`)
for (const { name, list } of languages) {
  const matcher: KeywordMatcher = compileKeywords(list)
  const lines = labelledLines.filter(({ language }) => language === name)
  const counts = { right: 0, wrong: 0, missed: 0 }
  for (const { text, flags } of lines) {
    const found = matcher.flags(text)
    const wrong = found.filter((flag) => !flags.includes(flag))
    const missed = flags.filter((flag) => !found.includes(flag))
    counts.right += found.length - wrong.length
    counts.wrong += wrong.length
    counts.missed += missed.length
    if (showsAll && wrong.length + missed.length > 0)
      print(
        `  ${text}: ${[...wrong.map((flag) => `wrong ${flag}`), ...missed.map((flag) => `missed ${flag}`)].join(', ')}`,
      )
  }
  const precision = share(counts.right, counts.right + counts.wrong)
  const recall = share(counts.right, counts.right + counts.missed)
  print(`${name.padEnd(12)} ${String(lines.length).padStart(6)} ${percent(precision)} ${percent(recall)}`)
  if (precision < floors.precision || recall < floors.recall) process.exitCode = 1
}
print(
  `${labelledLines.length} lines; floors: precision ${percent(floors.precision).trim()}, recall ${percent(floors.recall).trim()}`,
)
