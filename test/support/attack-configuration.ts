/**
 * An attacker who configures: random extractors and keyword lists that try to bring out what people write. A try succeeds if what is
 * accepted takes words from a text that holds no code, takes more than one word or an e-mail address, or tells single letters or numbers.
 */
import { findTrackingId } from '../../services/attribution/tracking-id/extract.ts'
import { judgeList } from '../../services/keywords/lists/limits.ts'
import { listEntries } from '../../services/keywords/lists/list.ts'
import { compileKeywords } from '../../services/keywords/matching/matcher.ts'
import type { Content } from '../../services/runtime/keys/sealed-content.ts'
import {
  extractorSchema,
  patternProblem,
  storedExtractor,
} from '../../services/shared/connections/extractors/extractors.ts'
import { type KeywordEntry, keywordFolds, keywordMatches } from '../../services/shared/model/keyword-list.ts'
import { type Random, randomOf } from './random.ts'

export interface ConfigurationFigures {
  tries: number
  /** Extractors and lists that were accepted. */
  accepted: number
  /** Texts from which an accepted one took something. */
  taken: number
  /** At most ten. */
  readonly successes: string[]
}

const place = { position: 1, isOpening: true }
/** In sentences, and the only run of three letters that is a code's beginning. */
const literal = 'ref'

const anchors = ['', '^', '(?s)^', '(?i)', '(?s).*', '(?m)^', '\\b', '(?U)', '[^x]*']
const literals = [
  ...[
    '',
    literal,
    `${literal}-`,
    `(?:${literal})?`,
    `(?:${literal}|)`,
    `${literal}{0}`,
    `(?:${literal}){0,3}`,
    '[r]ef',
    'r?e?f?',
    '.*ef',
  ],
  ...[
    `(?:${literal}|\\w)`,
    `(?:${literal})*`,
    `x{0}${literal}?`,
    `\\Q${literal}\\E`,
    '\\x72ef',
    '[[:alpha:]]{3}',
    '\\pL{3}',
    `[${literal}]`,
    `${literal}|`,
  ],
]
const groups = [
  '(.*)',
  '(.+)',
  '(\\S+)',
  '([^@]+)',
  '((?:.|\\n)*)',
  '(\\w+(?: \\w+)*)',
  '([\\s\\S]{1,500})',
  '([A-Za-z ]{1,40})',
  '(\\d[\\d ]*)',
  '([^ ]+@[^ ]+)',
  '([A-Z0-9]{2,12})',
]
const tails = ['', '$', '\\b', '.*', `|${literal}`, ' ', '\\s*$', `(?:${literal})?`]

const word = (random: Random) => `planted${random.below(1_000_000)}x`
const separators = [' ', '\u00a0', '\u200b', '\u3000', '\n', '\t', ', ', ' – ']

interface Try {
  readonly random: Random
  readonly figures: ConfigurationFigures
  /** Without the product's limits: what they keep from happening. */
  readonly unlimited: boolean
  found(what: string): void
}

const extractorTry = ({ random, figures, unlimited, found }: Try) => {
  const pattern = `${random.of(anchors)}${random.of(literals)}${random.of(groups)}${random.of(tails)}`
  const from = random.of(['text', 'text', 'text', 'referral.ref', 'referral.url'] as const)
  const input = { from, pattern, firstMessages: random.of([null, null, 20]), query: null, only: [] }
  const parsed = extractorSchema.safeParse(input)
  if (!parsed.success && !(unlimited && patternProblem(pattern) === undefined)) return
  figures.accepted++
  const [first, second] = [word(random), word(random)]
  const gap = random.of(separators)
  const mail = `${first}@${second}.example`
  const card = Array.from({ length: 4 }, () => String(1000 + random.below(9000))).join(' ')
  const said = random.of([
    `${first}${gap}${second}`,
    `soy ${first}${gap}${second}`,
    mail,
    `mi correo: ${mail}`,
    `${card} ${first}${gap}${second}`,
  ])
  const isCode = random.chance(0.5)
  const value = isCode ? random.of([`${literal}${said}`, `${literal} ${said}`, `hola ${literal}-${said}`]) : said
  const text = from === 'text' ? value : null
  const referral =
    from === 'text'
      ? null
      : { source: 'tiktok_ad', ref: value, url: value, adId: null, clickId: null, headline: null, body: null }
  const content = { text, links: [], referral } as unknown as Content
  const { hit } = findTrackingId(content, [storedExtractor(input)], place)
  if (hit === null) return
  figures.taken++
  const { trackingId } = hit
  const both = trackingId.includes(first) && trackingId.includes(second)
  if (both && gap !== '\u200b')
    found(
      `${JSON.stringify({ from, pattern })} took two words: ${JSON.stringify(trackingId)} of ${JSON.stringify(value)}`,
    )
  if (/[\s@]/u.test(trackingId)) found(`${JSON.stringify({ from, pattern })} took ${JSON.stringify(trackingId)}`)
  // A link's own ref is a code that the business hands out, whatever it is made of.
  if (from === 'text' && !isCode)
    found(`${JSON.stringify({ from, pattern })} took a word of a text without a code: ${JSON.stringify(value)}`)
}

const marks = ['', '', '+', '.', '-', ' ', '\u200b', '\u0301', '\u20e3', '$', '€', '°', '_', '*', '\u00ad', '\ufe0f']
const letters = 'abcdefghijklmnopqrstuvwxyzñçđабвгд'
const digits = ['0', '7', '42', '4111', '٣', '７', '②', '⁵', '९']

/** A keyword that tries to tell one letter or a number. */
const telling = (random: Random): string => {
  const core = random.chance(0.5)
    ? random.of([...letters]).repeat(1 + random.below(5))
    : random.of(digits).repeat(1 + random.below(2))
  return `${random.of(marks)}${core}${random.of(marks)}`
}

/** Default of KEYWORD_FLAGS_MAX. */
const maxFlags = 64

/** Texts of single letters, and of numbers as people write them: whoever tells one from another spells what is written. */
const spelled = [
  [...letters].join(' '),
  '0 7 42 4111 4 1 9998 ٣ ７ ② ⁵ ९ 00 77',
  '4111 1111 1111 9998',
  [...letters].join('. '),
]

const listTry = ({ random, figures, unlimited, found }: Try) => {
  const entries = Array.from({ length: 1 + random.below(80) }, (_, at) => ({
    keyword: random.chance(0.3) ? `palabra${at}` : telling(random),
    flag: `f_${random.below(random.of([3, 20, 90]))}`,
    match: random.of(keywordMatches),
    fold: random.of(keywordFolds),
  }))
  let accepted: readonly KeywordEntry[]
  try {
    accepted = listEntries(entries, { fold: 'exact', addresses: 'skip' } as Parameters<typeof listEntries>[1])
  } catch {
    return
  }
  // The one who is refused leaves out what the answer names, and tries again.
  const rest = unlimited ? accepted : accepted.filter((entry) => judgeList([entry], maxFlags).refused.length === 0)
  const { refused, doubtful } = judgeList(rest, maxFlags)
  if (rest.length === 0 || (!unlimited && (refused.length > 0 || doubtful !== null))) return
  figures.accepted++
  const matcher = compileKeywords(rest)
  for (const text of spelled) {
    const hits = matcher.entries(text)
    if (hits.length > 0)
      found(
        `the keyword ${JSON.stringify(rest[hits[0] as number])} tells a letter or a number of ${JSON.stringify(text)}`,
      )
  }
  if (matcher.flags('hoy compro palabra1 y palabra2').length > 0) figures.taken++
}

export const attackByConfiguration = (seed: number, tries: number, unlimited = false): ConfigurationFigures => {
  const random = randomOf(seed)
  const figures: ConfigurationFigures = { tries: 0, accepted: 0, taken: 0, successes: [] }
  for (; figures.tries < tries && figures.successes.length < 10; figures.tries++) {
    const found = (what: string) => figures.successes.push(`seed ${seed}, configuration ${figures.tries}: ${what}`)
    const one = { random, figures, unlimited, found }
    if (random.chance(0.9)) extractorTry(one)
    else listTry(one)
  }
  return figures
}
