/**
 * Web and e-mail addresses in a text: what stands in one is not somebody's word.
 *
 * With a scheme (`https://…`) or `www.` it is an address up to its end; `name@host.tld` is one; so is a host with a path, a query
 * or a port (`t.me/pago`, `shop.example?x=1`), and a bare host under one of the endings below. `pago.Gracias` is two words.
 *
 * Only the run of characters around a place is looked at, by hand and once from end to end: linear, whatever somebody writes.
 */
import { unspaced } from './segments.ts'

/** Endings that are no word of a sentence: without one, a full stop between words may just lack its space. */
const endings = '(?:com|net|org|info|biz|shop|store|site|online|app|link|xyz)'
const bareHost = new RegExp(`^(?:[a-z0-9-]+\\.)+${endings}(?:\\.[a-z]{2})?$`)
const host = /^(?:[a-z0-9-]+\.)+[a-z]{2,24}$/
const hostEnd = /^(?:\/|\?[\w.~%-]+=|:\d{2,5}(?:\/|$))/
const domain = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.[\p{L}]{2,}/u

/** Where an address cannot go on: white space, quotation marks and brackets of any script, scripts without spaces. */
const ends = /[\s<>"'“”‘’«»「」『』（）、。，！？；：|]/u
const endsAddress = (text: string, at: number) => {
  const character = text.charAt(at)
  return ends.test(character) || unspaced.test(character)
}

/** A host name has at most 253 characters. */
const longestHost = 253

const whileBefore = (text: string, at: number, of: RegExp): number => {
  let from = at
  while (from > 0 && at - from < longestHost && of.test(text.charAt(from - 1))) from--
  return from
}

type Span = readonly [from: number, to: number]

/** The addresses in a run of characters without an end among them. @param run folded */
const spansIn = (run: string): Span[] => {
  const spans: Span[] = []
  const scheme = run.indexOf('://')
  if (scheme > 0) spans.push([whileBefore(run, scheme, /[a-z0-9+-]/), run.length])
  const www = run.indexOf('www.')
  const hasHost = www >= 0 && www + 'www.'.length < run.length
  if (hasHost && (www === 0 || !/[\p{L}\p{N}]/u.test(run.charAt(www - 1)))) spans.push([www, run.length])
  for (let at = run.indexOf('@'); at >= 0; at = run.indexOf('@', at + 1)) {
    const from = whileBefore(run, at, /[\p{L}\p{N}._%+-]/u)
    const to = domain.exec(run.slice(at + 1, at + 2 + longestHost))
    if (from < at && to) spans.push([from, at + 1 + to[0].length])
  }
  for (const { index: path } of run.matchAll(/[/?:]/g)) {
    const from = whileBefore(run, path, /[a-z0-9.-]/)
    if (!host.test(run.slice(from, path)) || !hostEnd.test(run.slice(path, path + 64))) continue
    spans.push([from, run.length])
    break
  }
  for (const { index, 0: name } of run.matchAll(/[a-z0-9.-]+/g)) {
    const bare = name.replace(/[.-]+$/, '')
    if (bare.length <= longestHost && bareHost.test(bare)) spans.push([index, index + bare.length])
  }
  return spans
}

export class AddressRanges {
  readonly #text: string
  /** The latest run: places are asked about in their order, so that no other is asked about again. */
  #run: { from: number; to: number; spans: readonly Span[] } | undefined

  /** @param text folded */
  constructor(text: string) {
    this.#text = text
  }

  /** Whether the characters from `from` to `to` lie inside an address. */
  contain(from: number, to: number): boolean {
    if (endsAddress(this.#text, from)) return false
    const { from: start, spans } = this.#runAt(from)
    return spans.some((span) => from >= start + span[0] && to <= start + span[1])
  }

  #runAt(place: number) {
    if (this.#run && place >= this.#run.from && place < this.#run.to) return this.#run
    const text = this.#text
    let from = place
    let to = place
    while (from > 0 && !endsAddress(text, from - 1)) from--
    while (to < text.length && !endsAddress(text, to)) to++
    this.#run = { from, to, spans: spansIn(text.slice(from, to)) }
    return this.#run
  }
}
