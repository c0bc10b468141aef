import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/**
 * Floors, from the ground up. A room of `services/` imports itself, rooms on lower floors and packages. Rooms on one floor do not
 * import each other, so the stages stay apart. Clients of Kafka, Redis, the registry and HTTP stay in `runtime/adapters/`.
 */
const floors: readonly (readonly string[])[] = [
  ['topology.ts', 'schemas'],
  ['consumer-groups.ts', 'shared/model'],
  ['runtime'],
  ['shared/connections', 'shared/sources'],
  ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'],
  ['tools/topics'],
  ['tools/dead-letters', 'tools/replay', 'tools/doctor'],
  ['local/cache-folder.ts', 'local/problem.ts', 'local/config.ts', 'local/simulator', 'local/processes'],
  ['local/free-ports.ts'],
  ['local/parts'],
  ['local/supervisor'],
  ['local/demo', 'control'],
  ['cli'],
]

/** Floors inside the two rooms that hold the most. */
const runtimeFloors: readonly (readonly string[])[] = [
  ['runtime/ports.ts', 'runtime/failures.ts', 'runtime/coalescer.ts', 'runtime/metrics'],
  ['runtime/clock.ts', 'runtime/time-buckets', 'runtime/adapters'],
  ['runtime/config.ts'],
  ['runtime/log.ts', 'runtime/tracing'],
  ['runtime/health'],
  ['runtime/topics'],
  ['runtime/keys'],
  ['runtime/batch'],
  ['runtime/process'],
]
const dispatchFloors: readonly (readonly string[])[] = [
  ['dispatch/destinations/destination.ts', 'dispatch/send-result.ts'],
  ['dispatch/destinations/tiktok'],
  [
    'dispatch/config.ts',
    'dispatch/end-to-end.ts',
    'dispatch/limits',
    'dispatch/outcomes.ts',
    'dispatch/sent-log',
    'dispatch/parked',
  ],
  ['dispatch/circuit-breaker'],
  ['dispatch/delivery'],
  ['dispatch/stage.ts'],
  ['dispatch/wiring.ts'],
  ['dispatch/main.ts'],
]
/** Only these may name a destination; all else in dispatch knows the port `destinations/destination.ts`. */
const destinationNamers = ['dispatch/config.ts', 'dispatch/wiring.ts']

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

/** The place of a path in a table of floors: the longest entry that is the path or a folder above it. */
const placeIn = (table: readonly (readonly string[])[], path: string) => {
  const found = table
    .flatMap((rooms, floor) => rooms.map((room) => ({ room, floor })))
    .filter(({ room }) => path === room || path.startsWith(`${room}/`))
  return found.sort((a, b) => b.room.length - a.room.length)[0]
}

/** Imports of `own` that the table does not allow; `null` targets lie outside of the table. */
const upwards = (
  table: readonly (readonly string[])[],
  own: string,
  targets: readonly { target: string; place: string }[],
) => {
  const here = placeIn(table, own)
  if (here === undefined) return [`${own}: has no floor in the table of this test`]
  return targets.flatMap(({ target, place }) => {
    const there = placeIn(table, target)
    if (there === undefined || there.room === here.room || there.floor < here.floor) return []
    return [`${place} imports ${target}, which is not below it`]
  })
}

describe('import directions', () => {
  const services = join(root, 'services')
  const files = filesBelow(services)

  it('sees the code', () => expect(files.length).toBeGreaterThan(20))

  const targetsOf = (file: string) =>
    importsOf(file)
      .filter(({ name }) => name.startsWith('.'))
      .map(({ name, place }) => ({
        target: relative(services, resolve(dirname(file), name)).replace(/^\.\.\/schemas\/.*/, 'schemas'),
        place,
      }))

  it('lead down', () => {
    const wrong = files.flatMap((file) => upwards(floors, relative(services, file), targetsOf(file)))
    expect(wrong).toEqual([])
  })

  it.each([
    ['runtime', runtimeFloors],
    ['dispatch', dispatchFloors],
  ] as const)('lead down inside %s too', (room, table) => {
    const inside = files.filter((file) => relative(services, file).startsWith(`${room}/`))
    const wrong = inside.flatMap((file) =>
      upwards(
        table,
        relative(services, file),
        targetsOf(file).filter(({ target }) => target.startsWith(`${room}/`)),
      ),
    )
    expect(wrong).toEqual([])
  })

  it("keep each destination's files to themselves and the wiring", () => {
    const wrong = files
      .map((file) => ({ file, own: relative(services, file) }))
      .filter(({ own }) => own.startsWith('dispatch/') && !/^dispatch\/destinations\/[^/]+\//.test(own))
      .filter(({ own }) => !destinationNamers.includes(own))
      .flatMap(({ file }) => targetsOf(file))
      .filter(({ target }) => /^dispatch\/destinations\/[^/]+\//.test(target))
      .map(({ place, target }) => `${place} imports ${target}`)
    expect(wrong).toEqual([])
  })

  it('have no room that does not exist', () => {
    const named = [...floors, ...runtimeFloors, ...dispatchFloors].flat().filter((room) => room !== 'schemas')
    expect(named.filter((room) => !existsSync(join(services, room)))).toEqual([])
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
      .filter((file) => !/(main|config|lifecycle|run-stage|service|context)\.ts$|services\/(cli|local)\//.test(file))
      .filter((file) => readFileSync(file, 'utf8').includes('process.env'))
      .map((file) => relative(root, file))
    expect(wrong).toEqual([])
  })
})

describe('sources', () => {
  it('are named by their mappings and nowhere else in what processes messages', () => {
    const folder = join(root, 'services/shared/sources/mappings')
    const names = readdirSync(folder).map((file) => file.replace(/\.ya?ml$/, ''))
    expect(names.length).toBeGreaterThan(10)
    // A comparison with the name of a source, or a look-up by one: `source === 'x'`, `get('x')`, `case 'x'`.
    const quoted = new RegExp(
      `(?:[=!]==?|case|\\.get\\(|startsWith\\(|includes\\()\\s*['"\`](?:${names.join('|')})['"\`]`,
    )
    const wrong = filesBelow(join(root, 'services'))
      .map((file) => ({ file, own: relative(join(root, 'services'), file) }))
      .filter(({ own }) => !own.startsWith('local/demo/'))
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
