import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { failures } from '../../../../services/failures.ts'

describe('docs/dead-letters.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../docs/dead-letters.md'), 'utf8')
  // A formatter may align the columns.
  const lines = text.split('\n').map((line) => line.replace(/ +/g, ' ').trim())

  it('has a line for every code of the catalogue, with what it says, and for no other', () => {
    const inDocs = lines.filter((line) => /^\| `[a-z_]+` \| (never|after a fix|as it is) \|/.test(line))
    const words = { never: 'never', after_fix: 'after a fix', as_is: 'as it is' } as const
    const expected = Object.entries(failures).map(
      ([code, { redrive, help }]) => `| \`${code}\` | ${words[redrive]} | ${help} |`,
    )
    expect([...inDocs].sort()).toEqual(expected.sort())
  })
})
