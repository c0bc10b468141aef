import { basename } from 'node:path'
import { expectNone } from '../../support/source-code/expect-none.ts'
import { exportsIn } from '../../support/source-code/exports.ts'
import { filesBelow, read } from '../../support/source-code/files.ts'
import { proseOf } from '../../support/source-code/scan.ts'

interface Source {
  readonly path: string
  readonly text: string
}

/** Exports that every file of a kind has, by the convention of what loads it. */
const conventions: Readonly<Record<string, RegExp>> = { register: /^services\/cli\/commands\// }

/** Replaced words that name nothing else, so that they are refused as the first or last word of a longer name, too. */
const unambiguous = [
  'desk',
  'epochs',
  'examine',
  'finding',
  'findings',
  'gather',
  'keeper',
  'lane',
  'lanes',
  'openings',
  'patience',
  'patient',
  'settle',
  'settled',
  'standstill',
  'stretch',
  'tally',
  'teach',
  'told',
  'trouble',
  'turn',
]

const bannedProse = /\b(?:whoever|nobody|somebody|told|stands)\b/i

const cellsOf = (row: string) => row.split('|').map((cell) => cell.trim())
const isRow = (line: string) => line.startsWith('| ')

/** The identifiers in the last column of the glossary's tables. */
const replacedIn = (glossary: string): Set<string> =>
  new Set(
    glossary
      .split('\n')
      .filter(isRow)
      .flatMap((row) => Array.from((cellsOf(row).at(-2) ?? '').matchAll(/`(\w+)`/g), ([, word = '']) => word)),
  )

/** `SentLog` → sent, log */
const wordsOf = (name: string) =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[\s_$]+/)

const exportedTwice = (sources: readonly Source[]): string[] => {
  const homes = new Map<string, string[]>()
  for (const { path, text } of sources)
    for (const name of exportsIn(text))
      if (!conventions[name]?.test(path)) homes.set(name, [...(homes.get(name) ?? []), path])
  return [...homes].filter(([, paths]) => paths.length > 1).map(([name, paths]) => `${name}: ${paths.join(', ')}`)
}

const replacedExports = (sources: readonly Source[], replaced: ReadonlySet<string>): string[] =>
  sources.flatMap(({ path, text }) =>
    exportsIn(text)
      .filter((name) => {
        const words = wordsOf(name)
        const ends = [words[0] ?? '', words.at(-1) ?? '']
        return replaced.has(name) || ends.some((word) => unambiguous.includes(word))
      })
      .map((name) => `${path}: ${name}`),
  )

/** Comments and strings of a source file; all of a page, without the column of replaced words. */
const bannedIn = ({ path, text }: Source): string[] => {
  const lines = path.endsWith('.ts')
    ? proseOf(text)
    : text.split('\n').map((line, index) => ({ text: line, line: index + 1 }))
  const isGlossary = path === 'docs/glossary.md'
  return lines
    .map(({ text, line }) => ({ line, text: isGlossary && isRow(text) ? cellsOf(text).slice(0, -2).join(' ') : text }))
    .flatMap(({ text, line }) => {
      const word = bannedProse.exec(text)?.[0]
      return word === undefined ? [] : [`${path}:${line}: ${word}: ${text.trim().slice(0, 100)}`]
    })
}

const withText = (paths: readonly string[]): Source[] => paths.map((path) => ({ path, text: read(path) }))
const code = withText(filesBelow('services'))
const pages = withText([
  ...filesBelow('services', '.md'),
  // The text of the contract is binding, word by word.
  ...filesBelow('docs', '.md').filter((path) => path !== 'docs/contracts.md'),
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
])
const replaced = replacedIn(read('docs/glossary.md'))

describe('words', () => {
  const instead = 'docs/glossary.md lists these in its last column; use the word in the first column of that row.'

  it('name one thing: no name is exported by two files', () => {
    expectNone(exportedTwice(code), 'Rename all but one after what each means, or import the one: docs/glossary.md.')
  })

  it("are the glossary's in the names of exports", () => {
    expect(replaced.size).toBeGreaterThan(60)
    expectNone(replacedExports(code, replaced), instead)
  })

  it("are the glossary's in the names of files", () => {
    const names = code.map(({ path }) => path).filter((path) => replaced.has(basename(path, '.ts')))
    expectNone(names, instead)
  })

  it('are plain in comments, messages and documentation', () => {
    expectNone(
      [...code, ...pages].flatMap(bannedIn),
      'Name the component that acts, in the active voice: CONTRIBUTING.md, House rules.',
    )
  })
})

describe('the checks of words', () => {
  const source = (text: string, path = 'services/x.ts'): Source => ({ path, text })

  it('find a name with two homes, and let re-exports and conventions pass', () => {
    const one = source('export const outcome = 1')
    expect(exportedTwice([one, source('export type outcome = string', 'services/y.ts')])).toEqual([
      'outcome: services/x.ts, services/y.ts',
    ])
    expect(exportedTwice([one, source('const outcome = 2\nexport { outcome }', 'services/y.ts')])).toHaveLength(1)
    expect(exportedTwice([one, source("export { outcome } from './x.ts'", 'services/y.ts')])).toEqual([])
    expect(exportedTwice([one, source('// export const outcome = 1', 'services/y.ts')])).toEqual([])
    const command = (name: string) => source('export const register = 1', `services/cli/commands/${name}/index.ts`)
    expect(exportedTwice([command('lag'), command('up')])).toEqual([])
    expect(
      exportedTwice([source('export const register = 1'), source('export const register = 1', 'services/y.ts')]),
    ).toHaveLength(1)
  })

  it.each(['standing', 'Turn', 'ConnectionTurn', 'laneOf', 'settleBatch', 'sentMarks', 'patienceMs', 'checkFindings'])(
    'find the replaced name %s',
    (name) => {
      expect(replacedExports([source(`export const ${name} = 1`)], replaced)).toEqual([`services/x.ts: ${name}`])
    },
  )

  it.each(['outcome', 'returnAll', 'Semaphore', 'patternGroups', 'planets', 'deadLettersOf', 'turnstile'])(
    'let the name %s pass',
    (name) => {
      expect(replacedExports([source(`export const ${name} = 1`)], replaced)).toEqual([])
    },
  )

  it.each([
    ['// Whoever comes first.', 'services/x.ts'],
    ['/**\n * One line.\n * Nobody waits.\n */', 'services/x.ts'],
    ["const help = 'it was told so'", 'services/x.ts'],
    [['const help = `by $', '{who}: somebody asked`'].join(''), 'services/x.ts'],
    ['What stands here.', 'services/README.md'],
    ['| word | as it stands | `x` | told |', 'docs/glossary.md'],
  ])('find the banned word in %s', (text, path) => {
    expect(bannedIn(source(text, path))).toHaveLength(1)
  })

  it.each([
    ['const told = 1', 'services/x.ts'],
    ['// A stand-in understands.', 'services/x.ts'],
    ['| word | plain | `x` | told |', 'docs/glossary.md'],
  ])('let %s pass', (text, path) => {
    expect(bannedIn(source(text, path))).toEqual([])
  })
})
