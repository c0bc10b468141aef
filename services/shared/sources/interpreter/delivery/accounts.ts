/**
 * The business accounts that a delivery names, read before its sender is known, and the part of a body that belongs to one of them.
 *
 * An entry of `accounts` is a path with [] behind each list, or a value. The lists of the paths form a tree, by which a body of
 * several accounts is divided.
 */
import { pathSchema, type Value } from '../language/expressions.ts'
import { MappingProblem, within } from '../language/problem.ts'
import { compileKeys, compilePath, type Frame, keysIn, type Read, type Scope, withoutZero } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileValue } from '../values/values.ts'

/** As many as one delivery of Meta has updates. Bounds the look-ups that a hostile body can cause. */
const maxAccounts = 1_000

/** A list and what its elements name. */
interface ListNode {
  /** From the element or body that holds the list. */
  readonly keys: readonly string[]
  readonly list: (holder: unknown) => unknown
  /** Values of an element that name an account. */
  readonly leaves: ((element: unknown) => unknown)[]
  readonly inner: ListNode[]
}

export interface Accounts {
  /** Distinct; at most 1,000. */
  read(frame: Frame): readonly string[]
  /** The body with, in each list on the way to an account, only the elements that lead to this one. */
  partOf(body: unknown, account: string): unknown
}

type Split = { readonly of: Value; readonly split: string }
type Entry = string | Split | Exclude<Value, string>

const isListPath = (entry: Entry): entry is string => typeof entry === 'string' && entry.includes('[].')

const nodeOf = (nodes: ListNode[], path: string, keys: readonly string[], scope: Scope): ListNode => {
  const same = nodes.find((node) => node.keys.join('\n') === keys.join('\n'))
  if (same) return same
  const list = keys.length === 0 ? (holder: unknown) => holder : compileKeys(path, scope)
  const node: ListNode = { keys, list, leaves: [], inner: [] }
  nodes.push(node)
  return node
}

/** Adds the lists of one path to the tree. `body[].a` has its list in the body itself. */
const addListPath = (roots: ListNode[], path: string, scope: Scope): void => {
  const [root, ...rest] = path.split('[].') as [string, ...string[]]
  for (const step of [root, ...rest])
    if (!pathSchema.safeParse(step).success)
      throw new MappingProblem('must be a path such as body.page.id, with [] behind a list: body.entry[].id')
  const [name, ...keys] = keysIn(root)
  if (name !== 'body') throw new MappingProblem('has [] outside of the body: only the body has lists')
  const inBody = root.slice(name.length).replace(/^\./, '')
  let node = nodeOf(roots, inBody, keys, scope)
  for (const step of rest.slice(0, -1)) node = nodeOf(node.inner, step, keysIn(step), scope)
  node.leaves.push(withoutZero(compileKeys(rest.at(-1) as string, scope), scope))
}

const isSplit = (entry: Entry): entry is Split => typeof entry === 'object' && 'split' in entry

/** @returns a function that gives one account, or several */
const compileEntry = (entry: Entry, scope: Scope): Read => {
  if (isSplit(entry)) {
    const read = within('of', () => compileValue(entry.of, scope))
    return (frame) => asText(read(frame))?.split(entry.split, maxAccounts)
  }
  if (typeof entry !== 'string') return compileValue(entry, scope)
  if (!pathSchema.safeParse(entry).success)
    throw new MappingProblem('must be a path such as body.page.id, with [] behind a list: body.entry[].id')
  return compilePath(entry, scope)
}

const collect = ({ list, leaves, inner }: ListNode, holder: unknown, found: Set<string>): void => {
  const elements = list(holder)
  if (!Array.isArray(elements)) return
  for (const element of elements) {
    for (const leaf of leaves) {
      const account = asText(leaf(element))
      if (account !== null) found.add(account)
      if (found.size >= maxAccounts) return
    }
    for (const node of inner) collect(node, element, found)
  }
}

/** A copy of the holder with another list; what is not on the way to the list is shared. */
const withList = (holder: unknown, [key, ...rest]: readonly string[], list: readonly unknown[]): unknown => {
  if (key === undefined) return list
  const inside = withList((holder as Record<string, unknown>)[key], rest, list)
  return Array.isArray(holder)
    ? Object.assign([...holder], { [key]: inside })
    : { ...(holder as object), [key]: inside }
}

interface Part {
  readonly value: unknown
  /** Something in it names the account. */
  readonly leads: boolean
  /** Something in it names an account. */
  readonly names: boolean
}

/** @param inherits the element around it names the account: what names none belongs to it */
const divide = (nodes: readonly ListNode[], holder: unknown, account: string, inherits: boolean): Part => {
  let value = holder
  let leads = false
  let names = false
  for (const { keys, list, leaves, inner } of nodes) {
    const elements = list(holder)
    if (!Array.isArray(elements)) continue
    const kept: unknown[] = []
    for (const element of elements) {
      const named = leaves.flatMap((leaf) => asText(leaf(element)) ?? [])
      const isOwn = named.includes(account)
      const inherited = isOwn || (inherits && named.length === 0)
      const part = divide(inner, element, account, inherited)
      if (isOwn || part.leads || (inherited && !part.names)) kept.push(part.value)
      leads ||= isOwn || part.leads
      names ||= named.length > 0 || part.names
    }
    value = withList(value, keys, kept)
  }
  return { value, leads, names }
}

/** @throws MappingProblem */
export const compileAccounts = (entries: readonly Entry[], scope: Scope): Accounts => {
  const roots: ListNode[] = []
  const values: Read[] = []
  entries.forEach((entry, at) => {
    within(at, () => {
      if (isListPath(entry)) addListPath(roots, entry, scope)
      else values.push(compileEntry(entry, scope))
    })
  })
  const bodySlot = scope.slotOf('body')
  return {
    read: (frame) => {
      const found = new Set<string>()
      for (const read of values) {
        const value = read(frame)
        for (const one of Array.isArray(value) ? value : [value]) {
          if (found.size >= maxAccounts) break
          const account = asText(typeof one === 'string' ? one.trim() : one)
          if (account !== null) found.add(account)
        }
      }
      for (const root of roots) collect(root, frame[bodySlot], found)
      return [...found]
    },
    partOf: (body, account) => divide(roots, body, account, false).value,
  }
}
