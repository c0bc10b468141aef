import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expectNone } from '../../support/source-code/expect-none.ts'
import { entryFor, filesBelow, read, root } from '../../support/source-code/files.ts'
import { importsIn } from '../../support/source-code/imports.ts'
import { codeOnly } from '../../support/source-code/scan.ts'

/**
 * Floors, from the ground up. A room of `services/` imports itself, rooms on lower floors and packages. Rooms on one floor do not
 * import each other, so the stages stay apart. Clients of Kafka, Redis, the registry and HTTP stay in `runtime/adapters/`.
 */
const floors: readonly (readonly string[])[] = [
  // Runs in browsers: nothing imports it, and it imports nothing of the others.
  ['console'],
  ['topic-spec.ts', 'failures.ts', 'schemas'],
  ['topology.ts'],
  ['derived-topics.ts'],
  ['consumer-groups.ts', 'shared/model', 'shared/text'],
  ['runtime'],
  [
    'shared/connections',
    'shared/conversations',
    'shared/sources',
    'shared/audit',
    'shared/tokens',
    'shared/persons',
    'control/access/authenticator.ts',
  ],
  ['shared/unconnected', 'shared/refused'],
  ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch', 'control/config.ts'],
  ['tools/topics', 'tools/keys', 'tools/persons', 'tools/versions'],
  [
    'tools/backup',
    'tools/dead-letters',
    'tools/replay',
    'tools/doctor',
    'tools/connectors',
    'tools/report',
    'tools/waiting',
    'tools/test-events',
  ],
  ['tools/explain'],
  [
    'local/cache-folder.ts',
    'local/json-file.ts',
    'local/problem.ts',
    'local/config.ts',
    'local/simulator',
    'local/processes',
  ],
  ['local/free-ports.ts', 'local/bundle'],
  ['local/parts'],
  ['local/supervisor'],
  ['local/demo', 'control'],
  ['local/compact'],
  ['cli'],
]

/** Floors inside the two rooms that hold the most. */
const runtimeFloors: readonly (readonly string[])[] = [
  ['runtime/membership-times.ts', 'runtime/status-address.ts'],
  ['runtime/ports.ts', 'runtime/metrics'],
  ['runtime/coalescer.ts', 'runtime/clock.ts', 'runtime/script-slots.ts'],
  ['runtime/time-buckets', 'runtime/adapters'],
  ['runtime/config.ts'],
  ['runtime/log.ts', 'runtime/tracing'],
  ['runtime/health'],
  ['runtime/topics'],
  ['runtime/keys'],
  ['runtime/batch'],
  ['runtime/versioned-state'],
  ['runtime/process'],
]
const dispatchFloors: readonly (readonly string[])[] = [
  ['dispatch/destinations/destination.ts', 'dispatch/signal'],
  ['dispatch/destinations/tiktok'],
  ['dispatch/config.ts', 'dispatch/limits', 'dispatch/sent-log', 'dispatch/parked'],
  ['dispatch/circuit-breaker'],
  ['dispatch/delivery'],
  ['dispatch/stage.ts', 'dispatch/retries.ts'],
  ['dispatch/wiring.ts'],
  ['dispatch/service.ts'],
  ['dispatch/main.ts'],
]
/** Only these may name a destination; all else in dispatch knows the port `destinations/destination.ts`. */
const destinationNamers = ['dispatch/config.ts', 'dispatch/wiring.ts']

const clients = [
  'openid-client',
  'kafkajs',
  '@platformatic/kafka',
  'ioredis',
  '@confluentinc/schemaregistry',
  'undici',
  'axios',
  'got',
]
const clientFolder = 'services/runtime/adapters/'

interface Target {
  /** Relative to `services/`; `schemas` for anything there. */
  readonly target: string
  readonly place: string
}

/** Files of the project that a source imports, also as types. */
const targetsOf = (path: string, source: string): Target[] =>
  importsIn(source)
    .filter(({ from }) => from.startsWith('.'))
    .map(({ from, line }) => ({
      target: relative('services', join(dirname(path), from)).replace(/^\.\.\/schemas\/.*/, 'schemas'),
      place: `${path}:${line}`,
    }))

const floorOf = (table: readonly (readonly string[])[], path: string) => {
  const room = entryFor(table.flat(), path)
  return room === undefined ? undefined : { room, floor: table.findIndex((rooms) => rooms.includes(room)) }
}

/** What a file imports although the table does not allow it. Targets outside of the table are not judged. */
const upwards = (table: readonly (readonly string[])[], own: string, targets: readonly Target[]) => {
  const here = floorOf(table, own)
  if (here === undefined) return [`${own}: has no floor in the table of this test`]
  return targets.flatMap(({ target, place }) => {
    const there = floorOf(table, target)
    if (there === undefined || there.room === here.room || there.floor < here.floor) return []
    return [`${place} imports ${target}, which is not below it`]
  })
}

/** Imports of a destination's files by dispatch outside of the destination and its wiring. */
const destinationsIn = (path: string, source: string): string[] => {
  const own = relative('services', path)
  const isDestination = /^dispatch\/destinations\/[^/]+\//
  if (!own.startsWith('dispatch/') || isDestination.test(own) || destinationNamers.includes(own)) return []
  return targetsOf(path, source)
    .filter(({ target }) => isDestination.test(target))
    .map(({ target, place }) => `${place} imports ${target}`)
}

/** The web application asks control; control and the command ask processes for their health; everything else calls through an adapter. */
const mayFetch = /^services\/(?:runtime\/adapters|console|control|cli|local)\//
const clientsIn = (path: string, source: string): string[] => [
  ...(path.startsWith(clientFolder) ? [] : importsIn(source))
    .filter(({ from }) => clients.some((client) => from === client || from.startsWith(`${client}/`)))
    .map(({ from, line }) => `${path}:${line} imports ${from}`),
  ...(mayFetch.test(path) ? [] : codeOnly(source).split('\n')).flatMap((text, index) =>
    /(?<![.\w])fetch\s*\(/.test(text) ? [`${path}:${index + 1}: ${text.trim()}`] : [],
  ),
]

/** A process starts in these; elsewhere settings are arguments. */
const readsSettings = /\/(?:main|config|own-process|environment|service|context)\.ts$|^services\/(?:cli|local)\//
const environment = /\bprocess\s*(?:\?\.|\.)\s*env\b|\bprocess\s*\[|=\s*process\s*$/
const environmentIn = (path: string, source: string): string[] =>
  readsSettings.test(path)
    ? []
    : [
        ...codeOnly(source)
          .split('\n')
          .flatMap((text, index) => (environment.test(text) ? [`${path}:${index + 1}: ${text.trim()}`] : [])),
        ...importsIn(source)
          .filter(
            ({ from, names }) => /^(?:node:)?process$/.test(from) && (names.includes('env') || names.length === 0),
          )
          .map(({ from, line }) => `${path}:${line}: imports ${from}`),
      ]

describe('import directions', () => {
  const files = filesBelow('services')
  const own = (file: string) => relative('services', file)
  const remedy =
    'A file imports floors below its own: see the tables of this test. Move what both need to a lower floor, or hand it in as ' +
    'an argument. A new folder needs a floor.'

  it('see the code', () => expect(files.length).toBeGreaterThan(200))

  it('lead down', () => {
    expectNone(
      files.flatMap((file) => upwards(floors, own(file), targetsOf(file, read(file)))),
      remedy,
    )
  })

  it.each([
    ['runtime', runtimeFloors],
    ['dispatch', dispatchFloors],
  ] as const)('lead down inside %s too', (room, table) => {
    const inside = files.filter((file) => own(file).startsWith(`${room}/`))
    const wrong = inside.flatMap((file) =>
      upwards(
        table,
        own(file),
        targetsOf(file, read(file)).filter(({ target }) => target.startsWith(`${room}/`)),
      ),
    )
    expectNone(wrong, remedy)
  })

  it("keep each destination's files to themselves and the wiring", () => {
    expectNone(
      files.flatMap((file) => destinationsIn(file, read(file))),
      'Use the port `dispatch/destinations/destination.ts`; only config.ts and wiring.ts may name a destination.',
    )
  })

  it('have no room that does not exist', () => {
    const named = [...floors, ...runtimeFloors, ...dispatchFloors].flat().filter((room) => room !== 'schemas')
    expectNone(
      named.filter((room) => !existsSync(join(root, 'services', room))),
      'Named in the floors of this test and not there: rename or remove the entry.',
    )
  })

  it('keep clients behind the ports', () => {
    expectNone(
      files.flatMap((file) => clientsIn(file, read(file))),
      'Use a port of `runtime/ports.ts`, or add an adapter to `runtime/adapters/` and hand it in from main.ts.',
    )
  })

  it('look into the environment only where a process starts', () => {
    expectNone(
      files.flatMap((file) => environmentIn(file, read(file))),
      'Declare the setting in the `config.ts` of the service and hand the value in from main.ts: docs/contributing/setting.md.',
    )
  })
})

describe('the checks of imports', () => {
  const check = (table: readonly (readonly string[])[], path: string, source: string) =>
    upwards(table, path, targetsOf(`services/${path}`, source))

  it.each([
    ['keywords/stage.ts', "import { x } from '../dispatch/stage.ts'", 'dispatch/stage.ts'],
    ['keywords/stage.ts', "import type { X } from '../dispatch/stage.ts'", 'dispatch/stage.ts'],
    ['runtime/ports.ts', "import { x } from '../ingest/stage.ts'", 'ingest/stage.ts'],
    ['shared/model/message-event.ts', "import { x } from '../../runtime/ports.ts'", 'runtime/ports.ts'],
    ['topology.ts', "import { x } from './shared/model/message-event.ts'", 'shared/model/message-event.ts'],
    ['tools/replay/request.ts', "import { x } from '../../cli/context.ts'", 'cli/context.ts'],
    ['tools/replay/request.ts', "import {\n  x,\n} from '../dead-letters/plan.ts'", 'tools/dead-letters/plan.ts'],
    ['control/main.ts', "const x = await import('../cli/context.ts')", 'cli/context.ts'],
    ['runtime/ports.ts', "export { x } from '../gateway/http/answers.ts'", 'gateway/http/answers.ts'],
  ])('find in %s %s', (path, source, target) => {
    expect(check(floors, path, source)).toEqual([expect.stringContaining(`imports ${target}, which is not below it`)])
  })

  it('find what leads up inside a room', () => {
    const wrong = check(dispatchFloors, 'dispatch/limits/semaphore.ts', "import { x } from '../stage.ts'")
    expect(wrong).toEqual(['services/dispatch/limits/semaphore.ts:1 imports dispatch/stage.ts, which is not below it'])
  })

  it('find a folder without a floor', () => {
    expect(check(floors, 'billing/main.ts', '')).toEqual([expect.stringContaining('billing/main.ts: has no floor')])
  })

  it('let what leads down pass', () => {
    const source = "import { x } from '../failures.ts'\nimport { y } from './lists/list.ts'\nimport { z } from 'zod'"
    expect(check(floors, 'keywords/stage.ts', source)).toEqual([])
  })

  it('find a destination outside of the wiring', () => {
    const source = "import { codes } from '../destinations/tiktok/codes.ts'"
    expect(destinationsIn('services/dispatch/limits/throttling.ts', source)).toHaveLength(1)
    expect(
      destinationsIn('services/dispatch/wiring.ts', "import { tiktok } from './destinations/tiktok/index.ts'"),
    ).toEqual([])
  })

  it('find a client outside of the adapters', () => {
    const source = "import { Redis } from 'ioredis'"
    expect(clientsIn('services/ingest/stage.ts', source)).toEqual(['services/ingest/stage.ts:1 imports ioredis'])
    expect(clientsIn('services/runtime/adapters/redis.ts', source)).toEqual([])
    expect(clientsIn('services/dispatch/delivery/tokens.ts', 'await fetch(url)')).toHaveLength(1)
    expect(clientsIn('services/control/status.ts', 'await fetch(url)')).toEqual([])
  })

  it('find the environment outside of what starts a process', () => {
    const source = 'const key = process.env.KEY'
    expect(environmentIn('services/ingest/stage.ts', source)).toEqual([`services/ingest/stage.ts:1: ${source}`])
    for (const other of [
      'const { env } = process',
      "const { KEY } = process['env']",
      "import { env } from 'node:process'",
    ])
      expect(environmentIn('services/ingest/stage.ts', other)).toHaveLength(1)
    expect(environmentIn('services/ingest/main.ts', source)).toEqual([])
    expect(environmentIn('services/ingest/stage.ts', '// process.env is read in main.ts')).toEqual([])
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
    const wrong = filesBelow('services')
      .filter((file) => !file.startsWith('services/local/demo/'))
      .flatMap((file) =>
        read(file)
          .split('\n')
          .flatMap((text, index) => (quoted.test(text) ? [`${file}:${index + 1}: ${text.trim()}`] : [])),
      )
    expectNone(wrong, 'Say it in the mapping language instead, for all sources: docs/contributing/source.md.')
  })
})

describe('test files', () => {
  it('are named so that they run', () => {
    const wrong = ['unit', 'integration', 'e2e']
      .flatMap((suite) => filesBelow(`test/${suite}`))
      .filter((file) => !file.endsWith('.test.ts') && !file.includes('/payloads/') && !file.endsWith('.fixture.ts'))
    expectNone(wrong, 'Jest runs `*.test.ts` only: rename the file, or move what tests share to test/support/.')
  })
})
