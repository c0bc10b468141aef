import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/**
 * Who may import whom. A folder of `services/` may import itself, what is listed here, and packages; clients of Kafka, Redis,
 * the registry and HTTP only stand in `runtime/adapters/`.
 */
const shared = ['model', 'runtime', 'topology.ts', 'consumer-groups.ts', 'schemas']
const allowed: Record<string, readonly string[]> = {
  'topology.ts': [],
  'consumer-groups.ts': ['topology.ts'],
  model: ['topology.ts', 'schemas', 'runtime/sealing.ts'],
  runtime: ['model', 'topology.ts', 'consumer-groups.ts', 'schemas', 'runtime/adapters'],
  sources: ['model'],
  connections: shared,
  gateway: [...shared, 'sources', 'connections'],
  ingest: [...shared, 'sources', 'connections'],
  attribution: [...shared, 'connections', 'sources'],
  keywords: [...shared, 'connections'],
  dispatch: [...shared, 'connections'],
  deadletters: [...shared, 'connections', 'sources', 'ingest'],
  replay: [...shared, 'connections', 'sources', 'ingest', 'attribution', 'keywords', 'dispatch'],
  simulator: ['runtime'],
  console: [...shared, 'connections', 'sources', 'local'],
  local: [...shared, 'simulator/authorisation.ts', 'connections', 'sources'],
  doctor: [...shared, 'connections', 'sources', 'local', 'keywords/selection.ts'],
  cli: ['*'],
  demo: ['*'],
}

const clients = ['kafkajs', 'ioredis', '@confluentinc/schemaregistry', 'undici', 'axios', 'got']
/** A command line of its own that only an adapter's caller needs: nobody may reach around the ports. */
const clientFolders = ['runtime/adapters/']

const root = resolve(import.meta.dirname, '../../..')

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))

/** Every import of a file with its line number. */
const importsOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const name = /(?:from|import)\s*\(?\s*'([^']+)'/.exec(text)?.[1]
      return name ? [{ name, line: index + 1, place: `${relative(root, file)}:${index + 1}` }] : []
    })

const folderOf = (path: string) => path.split('/')[0] as string

describe('import directions', () => {
  const services = join(root, 'services')
  const files = filesBelow(services)

  it('sees the code', () => expect(files.length).toBeGreaterThan(20))

  it('are those that the layout allows', () => {
    const wrong: string[] = []
    for (const file of files) {
      const own = relative(services, file)
      const rules = allowed[folderOf(own)]
      if (!rules) {
        wrong.push(`${own}: the folder is not in the table of this test`)
        continue
      }
      if (rules.includes('*')) continue
      for (const { name, place } of importsOf(file)) {
        if (!name.startsWith('.')) continue
        const target = relative(services, resolve(dirname(file), name))
        const folder = target.startsWith('../schemas') ? 'schemas' : folderOf(target)
        if (folder === folderOf(own)) continue
        if (rules.includes(folder) || rules.some((rule) => target.startsWith(rule))) continue
        wrong.push(`${place} imports ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('keep clients behind the ports', () => {
    const wrong = files.flatMap((file) => {
      const own = relative(services, file)
      if (clientFolders.some((folder) => own.startsWith(folder))) return []
      return importsOf(file)
        .filter(({ name }) => clients.some((client) => name === client || name.startsWith(`${client}/`)))
        .map(({ name, place }) => `${place} imports ${name}`)
    })
    expect(wrong).toEqual([])
  })

  it('keep what decides free of clients, clocks, logs and the environment', () => {
    const stages = files.filter((file) => /services\/[^/]+\/stage\.ts$/.test(file))
    const wrong = stages.flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((text, index) =>
          /process\.env|Date\.now\(|Math\.random\(|new Date\(\)|performance\.now\(/.test(text)
            ? [`${relative(root, file)}:${index + 1}: ${text.trim()}`]
            : [],
        ),
    )
    expect(wrong).toEqual([])
  })

  it('look into the environment only where a process starts', () => {
    const wrong = files
      .filter((file) => !/(main|config|lifecycle|service|context)\.ts$|services\/(cli|local|demo)\//.test(file))
      .filter((file) => readFileSync(file, 'utf8').includes('process.env'))
      .map((file) => relative(root, file))
    expect(wrong).toEqual([])
  })
})

describe('sources', () => {
  it('are named by their mappings and nowhere else in what processes messages', () => {
    const folder = join(root, 'services/sources/mappings')
    const names = readdirSync(folder).map((file) => file.replace(/\.ya?ml$/, ''))
    expect(names.length).toBeGreaterThan(10)
    // A comparison with the name of a source, or a look-up by one: `source === 'x'`, `get('x')`, `case 'x'`.
    const quoted = new RegExp(
      `(?:[=!]==?|case|\\.get\\(|startsWith\\(|includes\\()\\s*['"\`](?:${names.join('|')})['"\`]`,
    )
    const wrong = filesBelow(join(root, 'services'))
      .map((file) => ({ file, own: relative(join(root, 'services'), file) }))
      .filter(({ own }) => !own.startsWith('demo/'))
      .flatMap(({ file, own }) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((text, index) => (quoted.test(text) ? [`${own}:${index + 1}: ${text.trim()}`] : [])),
      )
    expect(wrong).toEqual([])
  })
})

describe('test files', () => {
  it('are named so that they run', () => {
    const wrong = ['unit', 'integration', 'e2e']
      .flatMap((suite) => filesBelow(join(root, 'test', suite)))
      .filter((file) => !file.endsWith('.test.ts') && !file.includes('/payloads/') && !file.endsWith('.fixture.ts'))
      .map((file) => relative(root, file))
    expect(wrong).toEqual([])
  })
})
