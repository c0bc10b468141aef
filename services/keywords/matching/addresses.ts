/**
 * Finds web and e-mail addresses in a text, because a keyword inside one is not the person's own word.
 *
 * Addresses are: a run with a scheme (`https://…`) or `www.`, up to its end; `name@host.tld`; a host with a path, a query or a
 * port (`t.me/pago`, `shop.example?x=1`); a bare host under one of the endings below. `pago.Gracias` is two words, and so is `pago.Com`:
 * a capital behind the full stop begins a sentence.
 *
 * Only the run of characters around a position is parsed, once, so the cost is linear for any text.
 */

import { isHostEnding } from '../../shared/text/host-endings.ts'
import { withoutEnding } from '../../shared/text/without-ending.ts'
import { kind, kindsAt } from './character-kinds.ts'

/** Top-level domains that are not words. Any other ending may be two words whose full stop lacks its space. */
const endings = '(?:com|net|org|info|biz|shop|store|site|online|app|link|xyz)'
const bareHost = new RegExp(`^(?:[a-z0-9-]+\\.)+${endings}(?:\\.[a-z]{2})?$`)
const host = /^(?:[a-z0-9-]+\.)+([a-z][a-z0-9-]{1,23})$/
const hostEnd = /^(?:\/|\?[\w.~%-]+=|:\d{2,5}(?:\/|$))/
const domain = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.[\p{L}]{2,}/u

/** A full stop before a capital, where no host name goes on. Of the private use area, so that no person types it. */
const stopBeforeCapital = '\uf8ff'

/** Marks the full stops before capitals, which folding would hide. @param text as written */
export const withStopsMarked = (text: string): string => text.replace(/\.(?=\p{Lu})/gu, stopBeforeCapital)

/** Scripts without spaces end an address, too. */
const endsAddress = (text: string, at: number): boolean =>
  (kindsAt(text, at) & (kind.unspaced | kind.endsAddress)) !== 0

/** Characters of a host name (RFC 1035: 255 octets, less the length bytes). */
const longestHost = 253

const whileBefore = (text: string, at: number, of: RegExp): number => {
  let from = at
  while (from > 0 && at - from < longestHost && of.test(text.charAt(from - 1))) from--
  return from
}

type Span = readonly [from: number, to: number]

/** Addresses in one run of characters that do not end an address. @param marked folded, with its stops before capitals marked */
const spansIn = (marked: string): Span[] => {
  const spans: Span[] = []
  const run = marked.replaceAll(stopBeforeCapital, '.')
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
    const from = whileBefore(marked, path, /[a-z0-9.-]/)
    const ending = host.exec(run.slice(from, path))?.[1]
    if (ending === undefined || !isHostEnding(ending) || !hostEnd.test(run.slice(path, path + 64))) continue
    spans.push([from, run.length])
    break
  }
  for (const { index, 0: name } of marked.matchAll(/[a-z0-9.-]+/g)) {
    const bare = withoutEnding(name, '.-')
    if (bare.length <= longestHost && bareHost.test(bare)) spans.push([index, index + bare.length])
  }
  return spans
}

/** Spans by their start, each with the furthest end of all that start no later: one look-up answers for any number of them. */
class Spans {
  readonly #starts: readonly number[]
  readonly #furthest: readonly number[]

  constructor(spans: readonly Span[]) {
    const sorted = [...spans].sort(([a], [b]) => a - b)
    this.#starts = sorted.map(([from]) => from)
    let furthest = 0
    this.#furthest = sorted.map(([, to]) => {
      furthest = Math.max(furthest, to)
      return furthest
    })
  }

  contain(from: number, to: number): boolean {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#starts[middle] as number) <= from) low = middle + 1
      else high = middle
    }
    return low > 0 && (this.#furthest[low - 1] as number) >= to
  }
}

export class AddressRanges {
  readonly #text: string
  /** Caches the latest run only: callers ask in ascending order, so earlier runs never come back. */
  #run: { from: number; to: number; spans: Spans } | undefined

  /** @param text folded from one with its stops marked */
  constructor(text: string) {
    this.#text = text
  }

  /** Whether the range from `from` to `to` lies inside an address. */
  contain(from: number, to: number): boolean {
    if (endsAddress(this.#text, from)) return false
    const { from: start, spans } = this.#runAt(from)
    return spans.contain(from - start, to - start)
  }

  #runAt(position: number) {
    if (this.#run && position >= this.#run.from && position < this.#run.to) return this.#run
    const text = this.#text
    let from = position
    let to = position
    while (from > 0 && !endsAddress(text, from - 1)) from--
    while (to < text.length && !endsAddress(text, to)) to++
    this.#run = { from, to, spans: new Spans(spansIn(text.slice(from, to))) }
    return this.#run
  }
}
