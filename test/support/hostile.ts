/** Bodies of an attacker or a broken sender: valid deliveries with one node replaced, as JSON text. */

const deep = (levels: number) => `${'{"a":['.repeat(levels / 2)}${']}'.repeat(levels / 2)}`

/** Replacements for a node, as JSON text, which allows duplicate keys, `__proto__` and long numbers. */
export const hostileValues: Readonly<Record<string, string>> = {
  null: 'null',
  true: 'true',
  zero: '0',
  'a negative number': '-1',
  'a huge number': '1e308',
  'an infinite number': '1e999',
  'very many digits': '9'.repeat(5_000),
  'an empty text': '""',
  'the text 0': '"0"',
  'the text NaN': '"NaN"',
  'a lone surrogate': '"\\ud800"',
  'control characters': '"\\u0000\\u0007\\n"',
  'a long text': `"${'x'.repeat(20_000)}"`,
  'a text of tags': `"${'<br '.repeat(5_000)}"`,
  'a text of comments': `"${'<!--'.repeat(5_000)}"`,
  'a url of questions': `"https://x.example/${'?ref=%'.repeat(3_000)}"`,
  'JSON in a text': '"{\\"__proto__\\":{\\"type\\":\\"text\\"}}"',
  'an empty list': '[]',
  'an empty object': '{}',
  'lists in lists': '[[[[]]]]',
  'a large list': `[${'0,'.repeat(5_000)}0]`,
  'a large list of objects': `[${'{},'.repeat(2_000)}{}]`,
  'prototype keys': '{"__proto__":{"type":"text","polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  'fields named like methods': '{"toString":1,"valueOf":2,"hasOwnProperty":3,"length":-1,"toJSON":4}',
  'a key twice': '{"type":"text","type":[],"id":1,"id":{}}',
  'nesting of 10,000 levels': deep(10_000),
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** The paths of all nodes of a value, the value itself included. */
export const nodesOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value !== 'object' || value === null
    ? [path]
    : [path, ...Object.entries(value).flatMap(([key, inner]) => nodesOf(inner, [...path, key]))]

const marker = '\u0001hostile\u0001'

/** @returns a function that replaces the node at the path by a JSON text, and returns the body as JSON text */
export const replacing = (body: unknown, path: readonly string[]): ((json: string) => string) => {
  const copy = { root: structuredClone(body) as Json }
  let holder = copy as unknown as Record<string, unknown>
  let key = 'root'
  for (const step of path) {
    holder = holder[key] as Record<string, unknown>
    key = step
  }
  holder[key] = marker
  const [before = '', after = ''] = JSON.stringify(copy.root).split(JSON.stringify(marker))
  return (json) => before + json + after
}
