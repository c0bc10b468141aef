/** Names and what they stand for while a delivery is mapped, and paths into them. */

export type Scope = Readonly<Record<string, unknown>>
export type Read = (scope: Scope) => unknown

/** Own keys only: a body cannot reach into prototypes. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

const steps = /\["([^"]+)"\]|[^.[]+/g

/** `message.text.body` or `metadata["#wa.timestamp"]` → a function. */
export const compilePath = (path: string): Read => {
  const [name, ...keys] = [...path.matchAll(steps)].map(([plain, bracketed]) => bracketed ?? plain) as [
    string,
    ...string[],
  ]
  if (keys.length === 0) return (scope) => scope[name]
  if (keys.length === 1) {
    const [key] = keys as [string]
    return (scope) => member(scope[name], key)
  }
  return (scope) => {
    let value = scope[name]
    for (const key of keys) value = member(value, key)
    return value
  }
}

/** Absent: missing, null or the empty string. */
export const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''
