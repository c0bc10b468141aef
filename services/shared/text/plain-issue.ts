/** Words for what a value's schema refuses: what it must be, instead of what the validator expected and received. */
import type { z } from 'zod'

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

const forms: Readonly<Record<string, string>> = {
  url: 'must be an http(s) URL',
  datetime: 'must be a time in ISO 8601, such as 2026-11-23T08:00:00Z',
  date: 'must be a day such as 2026-11-23',
  uuid: 'must be a UUID',
  email: 'must be an e-mail address',
}

const units: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', file: 'bytes' }

const bound = (origin: string, words: string, value: number | bigint) => {
  const unit = units[origin]
  return unit === undefined ? `must be ${words} ${value}` : `must have ${words} ${value} ${unit}`
}

const quoted = (value: unknown) => (typeof value === 'string' ? `"${value}"` : String(value))

/** The `error` of a schema's `parse`; undefined leaves an issue that has words of its own. */
export const plainIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${kinds[issue.expected] ?? `a ${issue.expected}`}`
    case 'invalid_value':
      if (issue.input === undefined) return 'is missing'
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(quoted).join(', ')}`
    case 'too_small':
      if (issue.minimum === 1 && units[issue.origin]) return 'must not be empty'
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'invalid_format':
      return forms[issue.format] ?? 'has the wrong form'
    case 'unrecognized_keys':
      return `has ${issue.keys.length > 1 ? 'unknown fields' : 'an unknown field'}: ${issue.keys.join(', ')}`
    case 'invalid_union':
      return issue.input === undefined ? 'is missing' : 'has none of the forms that it may have'
    default:
      return undefined
  }
}
