/**
 * `make bench-keywords`: one core matches messages of about 210 characters against lists of 100 to 100,000 keywords. An
 * Aho–Corasick package does the same job (NFKC, case, whole words, flags) for comparison. Rates are per CPU second, so that other
 * load on the machine matters less. Exits with 1 where the two find different flags.
 *
 *   node --expose-gc test/bench/keywords.ts
 */
import { AhoCorasick } from '@monyone/aho-corasick'
import { compileKeywords } from '../../services/keywords/matching/matcher.ts'
import type { KeywordEntry } from '../../services/shared/model/keyword-list.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)

/** Pseudo-random numbers, the same in every run (a 32-bit multiply-and-shift mix). */
const numbers = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const fillers = [
  'hola buenas quería saber si todavía tienen el modelo azul que vi ayer en su página porque es para mi hermana y le gustó mucho',
  'halo kak mau tanya apakah barang yang warna merah masih ada di toko karena kemarin saya lihat di video bagus sekali',
  'bom dia vocês entregam no sábado de manhã ou só durante a semana porque trabalho até tarde e moro longe da loja',
  'good morning I saw your video last night and wonder whether the round one comes in a larger size as well thank you so much',
].map((text) => text.split(' '))
const syllables = 'pa go ra mi ten lo su ka ver in tro es con da bel qui for ni ta man ção ñe ió'.split(' ')

const random = numbers(7)
const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T
const madeUp = (parts: number) => Array.from({ length: parts }, () => pick(syllables)).join('')

const entryOf = (keyword: string): KeywordEntry => ({
  keyword,
  flag: 'hit',
  locale: null,
  match: 'word',
  fold: 'exact',
  addresses: 'skip',
  unless: [],
})

const listOf = (size: number, fold: KeywordEntry['fold'] = 'exact'): KeywordEntry[] => {
  const words = new Set<string>()
  while (words.size < size) words.add(random(5) === 0 ? `${madeUp(2)} ${madeUp(3)}` : madeUp(4 + random(2)))
  return Array.from(words, (keyword, at) => ({ ...entryOf(keyword), flag: `flag_${at % 40}`, fold }))
}

/** One text in thirty has a keyword, every second time in capitals. */
const textsFor = (entries: readonly KeywordEntry[]): string[] =>
  Array.from({ length: 3_000 }, (_, at) => {
    const filler = pick(fillers)
    const words: string[] = []
    if (at % 30 === 0) words.push(at % 60 === 0 ? pick(entries).keyword.toUpperCase() : pick(entries).keyword)
    while (words.join(' ').length < 205) words.push(pick(filler))
    // A flat string made from bytes, as from a sealed content, not a concatenation.
    return Buffer.from(words.join(' ')).toString()
  })

const character = /[\p{L}\p{M}\p{N}_]/u
const peerOf = (entries: readonly KeywordEntry[]) => {
  const flagOf = new Map(entries.map(({ keyword, flag }) => [keyword.normalize('NFKC').toLowerCase(), flag]))
  const search = new AhoCorasick([...flagOf.keys()])
  return (text: string): string[] => {
    const folded = text.normalize('NFKC').toLowerCase()
    const flags = new Set<string>()
    for (const { begin, end, keyword } of search.matchInText(folded))
      if (!character.test(folded.charAt(begin - 1)) && !character.test(folded.charAt(end)))
        flags.add(flagOf.get(keyword) as string)
    return [...flags].sort()
  }
}

/** Messages per CPU second: the best of five rounds after a warm-up, since other load only slows a round down. */
const rate = (texts: readonly string[], match: (text: string) => unknown): number => {
  let best = 0
  for (let round = 0; round < 6; round++) {
    const before = process.cpuUsage()
    let done = 0
    let used = 0
    while (used < 300_000) {
      for (const text of texts) match(text)
      done += texts.length
      const { user, system } = process.cpuUsage(before)
      used = user + system
    }
    if (round > 0) best = Math.max(best, done / (used / 1e6))
  }
  return Math.round(best)
}

const targets: Record<number, string> = { 100: '800,000', 1000: '300,000', 10000: '100,000', 100000: '-' }
const number = (value: number) => value.toLocaleString('en').padStart(12)
const megabytes = () => {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1_048_576
}

print(`keywords      ours, msg/s          target   package, msg/s  compile, ms  memory, MB`)
compileKeywords(listOf(1))
for (const size of [100, 1_000, 10_000, 100_000]) {
  const entries = listOf(size)
  const texts = textsFor(entries)
  const memory = megabytes()
  const cpu = process.cpuUsage()
  const matcher = compileKeywords(entries)
  const { user, system } = process.cpuUsage(cpu)
  const memoryUsed = megabytes() - memory
  const peer = peerOf(entries)
  const differ = texts.filter((text) => matcher.flags(text).join() !== peer(text).join()).length
  if (differ > 0) {
    print(`${differ} of ${texts.length} texts: the package finds other flags`)
    process.exitCode = 1
  }
  print(
    `${number(size).slice(4)}    ${number(rate(texts, matcher.flags))}    ${(targets[size] ?? '-').padStart(12)}    ${number(rate(texts, peer)).padStart(13)}  ${String(Math.round((user + system) / 1000)).padStart(11)}  ${memoryUsed.toFixed(0).padStart(10)}`,
  )
}

print(`\nfold       messages/s with 10,000 keywords          target`)
for (const fold of ['exact', 'accents', 'chat'] as const) {
  const entries = listOf(10_000, fold)
  const perSecond = rate(textsFor(entries), compileKeywords(entries).flags)
  print(`${fold.padEnd(10)} ${number(perSecond).padStart(34)}    ${'200,000'.padStart(12)}`)
}

print(`\n16 KB of one text, ms of CPU (target: 5)`)
const longest = 16_384
const ordinary = ['pago', 'โอน', 'ราคา', '付款', 'カード', '결제', 'दफ'].map((keyword) => ({
  ...entryOf(keyword),
  fold: 'chat' as const,
}))
for (const part of ['hola ', 'é ', 'pago ', 'pago.com/', 'ราคาโอน', '付款', '결제', '🇧🇷', 'oooo', 'e\u0301']) {
  const text = part.repeat(longest / part.length)
  const matcher = compileKeywords(ordinary)
  const milliseconds = 1_000 / rate([text], matcher.flags)
  print(`${JSON.stringify(part).padEnd(14)} ${milliseconds.toFixed(2).padStart(8)}`)
}
