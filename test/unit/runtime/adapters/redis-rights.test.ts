import { expectNone } from '../../../support/source-code/expect-none.ts'
import { filesBelow, read } from '../../../support/source-code/files.ts'

const page = 'docs/operators/connecting.md'
const granted = new Set(
  read(page)
    .match(/^ACL SETUSER signals .*$/m)?.[0]
    .match(/(?<=\+)[a-z]+/g),
)
/** Commands of scripts: `redis.call('GET', KEYS[1])`, `call('TIME')`. Requests over HTTP have a path as their second argument. */
const called = new Set(
  filesBelow('services').flatMap((file) =>
    Array.from(read(file).matchAll(/\bcall\('([A-Z]{2,})'(?:, (?:KEYS|key)|\))/g), ([, name = '']) =>
      name.toLowerCase(),
    ),
  ),
)

describe('the rights of a Redis user', () => {
  it('include every command of our scripts, and those of the adapter', () => {
    expect(called.size).toBeGreaterThan(10)
    for (const name of ['mget', 'set', 'eval', 'evalsha', 'info']) called.add(name)
    expectNone(
      [...called].filter((name) => !granted.has(name)),
      `Add +command to the line ACL SETUSER of ${page}.`,
    )
  })
})
