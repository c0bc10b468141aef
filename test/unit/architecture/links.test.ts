import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expectNone } from '../../support/source-code/expect-none.ts'

const root = resolve(import.meta.dirname, '../../..')

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
      .map((entry) => relative(root, join(entry.parentPath, entry.name))),
  ),
]

/** As on the pages where this is read: `## 1. A heading, so` → `1-a-heading-so`. */
const anchorsOf = (text: string) =>
  Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )

describe('the links of the documentation', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    const lost = Array.from(
      readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)\s]+)\)/g),
      ([, link = '']) => link,
    )
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? join(root, page) : join(root, dirname(page), path)
        if (!existsSync(target)) return true
        return (
          anchor !== undefined && target.endsWith('.md') && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
        )
      })
    expectNone(lost, `${page} links to these; no such page or heading exists.`)
  })
})
