/** The attributes of every code unit for one pattern group, joined with the symbols of its trie. */
import { codeUnitTableOf, is } from './code-unit-table.ts'
import { root } from './compile/cells.ts'
import type { CompiledPatternGroup } from './compile/compile.ts'

export const symbolMask = 0xffff

/** Attributes of each code unit, with the trie's symbol in the low 16 bits. */
export const unitCodesOf = ({
  folding,
  leftOpen,
  prefilter,
  automaton: { symbols, base, check },
}: CompiledPatternGroup): Int32Array => {
  const { folded, attributes, expanded } = codeUnitTableOf(folding)
  const codes = new Int32Array(65_536)
  const { unfiltered } = prefilter
  const firstChild = base[root] as number
  const { complex, ignored, word, first, bound } = is
  // Where digits may be glued on, they bound nothing.
  const apart = folding === 'chat' ? is.unspaced | is.digit : is.unspaced
  for (let unit = 0; unit < 65_536; unit++) {
    const attribute = attributes[unit] as number
    let code = attribute
    if (!leftOpen && (attribute & (word | apart)) === word) code |= bound
    // In a folded text a complex unit represents itself.
    const symbol = symbols[(attribute & complex) !== 0 ? unit : (folded[unit] as number)] as number
    // Few units occur in a keyword, so most end here.
    if (symbol > 0 && (attribute & ignored) === 0) {
      code |= symbol
      if (check[firstChild + symbol] === root)
        code |= unfiltered[folded[unit] as number] === 1 ? first | is.unfiltered : first
    }
    codes[unit] = code
  }
  // A unit that folds to several punctuation characters is plain when no keyword contains any of them.
  for (const [unit, text] of expanded) {
    const isUsed = Array.from(text).some((_, at) => symbols[text.charCodeAt(at)] !== 0)
    if (!isUsed) codes[unit] = 0
  }
  return codes
}
