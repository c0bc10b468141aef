import { dirname } from 'node:path'
import { expectNone } from '../../support/source-code/expect-none.ts'
import { filesBelow, read } from '../../support/source-code/files.ts'

const maxFiles = 12
const maxLines = 250
const maxReadmeLines = 25
/** A folder with more source files than this has a README. */
const filesWithoutReadme = 3

interface Source {
  readonly path: string
  readonly text: string
}

const linesOf = (text: string) => text.replace(/\n$/, '').split('\n').length

const countsByFolder = (paths: readonly string[]) => {
  const counts = new Map<string, number>()
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  return [...counts]
}

const crowdedFolders = (paths: readonly string[]) =>
  countsByFolder(paths)
    .filter(([, count]) => count > maxFiles)
    .map(([folder, count]) => `${folder}: ${count} source files side by side, at most ${maxFiles}`)

const longFiles = (sources: readonly Source[]) =>
  sources
    .filter(({ text }) => linesOf(text) > maxLines)
    .map(({ path, text }) => `${path}: ${linesOf(text)} lines, at most ${maxLines}`)

const readmeProblems = (paths: readonly string[], readmes: readonly Source[]) => [
  ...countsByFolder(paths)
    .filter(([folder, count]) => count > filesWithoutReadme && !readmes.some(({ path }) => dirname(path) === folder))
    .map(([folder, count]) => `${folder}: ${count} source files and no README.md`),
  ...readmes
    .filter(({ text }) => linesOf(text) > maxReadmeLines)
    .map(({ path, text }) => `${path}: ${linesOf(text)} lines, at most ${maxReadmeLines}; move the rest to docs/`),
]

const withText = (paths: readonly string[]) => paths.map((path) => ({ path, text: read(path) }))
const files = filesBelow('services')

describe('sizes', () => {
  it('leave no folder of services/ with more than 12 source files side by side', () => {
    expectNone(
      crowdedFolders(files),
      'Group the files by concept into folders, each with a README if it holds more than three.',
    )
  })

  it('leave no source file of services/ over 250 lines', () => {
    expectNone(longFiles(withText(files)), 'Find the second concept in the file and give it a file of its own.')
  })

  it('give every folder with more than three source files a README of at most 25 lines', () => {
    expectNone(
      readmeProblems(files, withText(filesBelow('services', 'README.md'))),
      'The README.md of a folder says in at most 25 lines what the folder answers for, what it imports, and which file to read first.',
    )
  })

  it('keep the pages of docs/contributing to 40 lines', () => {
    const pages = withText(filesBelow('docs/contributing', '.md'))
    expectNone(
      pages.filter(({ text }) => linesOf(text) > 40).map(({ path }) => path),
      'A page of a task is a list of steps: move what explains to the page of the topic in docs/.',
    )
  })
})

describe('the checks of sizes', () => {
  const thirteen = Array.from({ length: 13 }, (_, n) => `services/x/${n}.ts`)

  it('find a crowded folder and not the folders below it', () => {
    expect(crowdedFolders(thirteen)).toEqual(['services/x: 13 source files side by side, at most 12'])
    expect(crowdedFolders([...thirteen.slice(1), 'services/x/y/z.ts'])).toEqual([])
  })

  it('find a long file', () => {
    const of = (lines: number) => [{ path: 'services/x.ts', text: 'x\n'.repeat(lines) }]
    expect(longFiles(of(251))).toEqual(['services/x.ts: 251 lines, at most 250'])
    expect(longFiles(of(250))).toEqual([])
  })

  it('find a README that is missing or too long', () => {
    const readme = (lines: number) => [{ path: 'services/x/README.md', text: 'x\n'.repeat(lines) }]
    expect(readmeProblems(thirteen.slice(0, 4), [])).toEqual(['services/x: 4 source files and no README.md'])
    expect(readmeProblems(thirteen.slice(0, 3), [])).toEqual([])
    expect(readmeProblems(thirteen, readme(26))).toEqual([expect.stringContaining('26 lines')])
    expect(readmeProblems(thirteen, readme(25))).toEqual([])
  })
})
