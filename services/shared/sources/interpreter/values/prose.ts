/** The texts of a rich message: nested objects and lists, whose texts are under known keys. */
import { maxTextLength } from '../../../model/message-event.ts'
import { member } from '../scope.ts'

/** More than a real message has. Bounds what a hostile one of many small parts costs. */
const maxParts = 20_000

/**
 * Without recursion, because a body may be nested to any depth.
 * @param inline keys whose texts continue the line, in this order
 * @param lines keys whose texts begin a line, after the inline ones; each element of a list begins one too
 * @returns undefined without any text; a longer text than the contract's stops at a part's end
 */
export const proseIn = (root: unknown, inline: readonly string[], lines: readonly string[]): string | undefined => {
  const stack: { readonly value: unknown; readonly isLine: boolean }[] = []
  // What is not there begins no line.
  const push = (value: unknown, isLine: boolean) => {
    if (value !== undefined && value !== null) stack.push({ value, isLine })
  }
  push(root, true)
  const texts: string[] = []
  let length = 0
  let begins = false
  for (let parts = 0; stack.length > 0 && parts < maxParts && length <= maxTextLength; parts++) {
    const { value, isLine } = stack.pop() as (typeof stack)[number]
    begins ||= isLine
    if (typeof value === 'string' && value !== '') {
      if (begins && length > 0) texts.push('\n')
      texts.push(value)
      length += value.length + 1
      begins = false
    } else if (Array.isArray(value)) {
      for (let at = Math.min(value.length, maxParts) - 1; at >= 0; at--) push(value[at], isLine)
    } else if (typeof value === 'object' && value !== null) {
      for (const key of lines.toReversed()) push(member(value, key), true)
      for (const key of inline.toReversed()) push(member(value, key), false)
    }
  }
  return texts.length === 0 ? undefined : texts.join('')
}
