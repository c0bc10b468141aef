import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow, read, root } from '../../support/source-code/files.ts'

/** Paths of the project in backticks, without placeholders such as `<stage>` or `*`. */
const pathsIn = (page: string): string[] =>
  Array.from(page.matchAll(/`((?:services|test|docs|infra|schemas)\/[\w./-]*)`/g), ([, path = '']) => path)

const pages = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md'), ...filesBelow('services', '.md')]

describe('the paths that pages name', () => {
  it.each(pages)('exist for %s', (page) => {
    expect(pathsIn(read(page)).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('are recognised', () => {
    const page = 'See `services/topology.ts`, `services/<stage>/main.ts`, `docs/runbooks/` and `npm ci`.'
    expect(pathsIn(page)).toEqual(['services/topology.ts', 'docs/runbooks/'])
  })
})
