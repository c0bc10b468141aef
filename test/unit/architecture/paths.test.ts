import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expectNone } from '../../support/source-code/expect-none.ts'
import { filesBelow, read, root } from '../../support/source-code/files.ts'

/** Paths of the project in backticks, without placeholders such as `<stage>` or `*`. */
const pathsIn = (page: string): string[] =>
  Array.from(page.matchAll(/`((?:services|test|docs|infra|schemas)\/[\w./-]*)`/g), ([, path = '']) => path)

const pages = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md'), ...filesBelow('services', '.md')]

describe('the paths that pages name', () => {
  it.each(pages)('exist for %s', (page) => {
    expectNone(
      pathsIn(read(page)).filter((path) => !existsSync(join(root, path))),
      `${page} names paths that do not exist: name the new place.`,
    )
  })

  it('hold the functions that `where.md` names beside them', () => {
    const rows = read('docs/contributing/where.md')
      .split('\n')
      .filter((line) => line.startsWith('| '))
    const lost = rows.flatMap((row) => {
      const [, question = '', file = '', names = ''] = row.split('|').map((cell) => cell.trim())
      const folder = file.replace(/^`([^`]*\/)[^`]*`.*/s, '$1')
      // `judge.ts` beside a path is in the same folder.
      const beside = Array.from(file.matchAll(/`([\w-]+\.ts)`/g), ([, name]) => `${folder}${name}`)
      const text = [...pathsIn(file), ...beside].map(read).join('\n')
      return Array.from(names.matchAll(/`(\w+)`/g), ([, name = '']) => name)
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(text))
        .map((name) => `${question} ${name}`)
    })
    expect(rows.length).toBeGreaterThan(10)
    expectNone(lost, 'docs/contributing/where.md names functions that are not in the file beside them.')
  })

  it('are recognised', () => {
    const page = 'See `services/topology.ts`, `services/<stage>/main.ts`, `docs/runbooks/` and `npm ci`.'
    expect(pathsIn(page)).toEqual(['services/topology.ts', 'docs/runbooks/'])
  })
})
