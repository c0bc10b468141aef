/**
 * The real parts, fetched once: Kafka's jars, the registry and a Redis binary, by Maven from `infra/native/pom.xml` into a cache
 * folder that all checkouts share. Every file is compared with a pinned checksum before it is used.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import {
  chmodSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { cacheFolder } from '../cache-folder.ts'
import { LocalProblem } from '../problem.ts'

const recipe = join(import.meta.dirname, '../../../infra/native')
/** About 300 MB land in the cache, and Maven keeps its own copy. */
const expectedBytes = 300 * 1_048_576

export interface Artefacts {
  readonly kafkaClasspath: string
  readonly registryClasspath: string
  /** A binary for this machine, or null where the jar has none: then one on PATH is needed. */
  readonly redisServer: string | null
}

type Say = (line: string) => void

const pinned = (): Map<string, string> =>
  new Map(
    readFileSync(join(recipe, 'checksums.sha256'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/) as [string, string])
      .map(([sum, file]) => [file, sum]),
  )

const sha256 = async (file: string) => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** @throws LocalProblem naming the files that are not what they should be */
const verify = async (folder: string) => {
  const wrong: string[] = []
  for (const [file, sum] of pinned()) {
    const path = join(folder, file)
    if (!existsSync(path) || (await sha256(path)) !== sum) wrong.push(file)
  }
  if (wrong.length > 0) {
    throw new LocalProblem(
      `these downloaded files are not the pinned ones: ${wrong.slice(0, 5).join(', ')}; remove them from Maven's local repository and try again`,
    )
  }
}

const folderBytes = (folder: string): number =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .reduce(
          (sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
          0,
        )
    : 0

const version = (command: string, args: string[]): string | null => {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return error ? null : `${stdout}${stderr}`
}

/** @throws LocalProblem when there is no Java that is new enough */
export const requireJava = (): void => {
  const text = version('java', ['-version'])
  const major = Number(/version "(\d+)/.exec(text ?? '')?.[1])
  if (text === null || !(major >= 17)) {
    throw new LocalProblem(
      `Java 17 or later is needed to run Kafka and the registry${text === null ? '' : ' (the java on PATH is older)'}: install a JDK, or run with SIGNALS_INFRA=docker, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL`,
    )
  }
}

const fetchWithMaven = async (parts: string, say: Say) => {
  if (version('mvn', ['-v']) === null) {
    throw new LocalProblem(
      'Maven (mvn) is needed once, to fetch Kafka and the registry: install it, or run with SIGNALS_INFRA=docker',
    )
  }
  say('fetching Kafka, the schema registry and Redis (once, about 300 MB) …')
  const goals = ['dependency:copy-dependencies@kafka', 'dependency:copy@archives', 'dependency:unpack@unpacked']
  const child = spawn('mvn', ['-q', '-B', '-f', join(recipe, 'pom.xml'), `-Dparts=${parts}`, ...goals], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output = (output + part).slice(-4_000)
    })
  }
  const progress = setInterval(() => {
    const share = Math.min(0.99, folderBytes(parts) / expectedBytes)
    say(`fetching … ${Math.round(share * 100)} %`)
  }, 3_000)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearInterval(progress)
  if (code !== 0) {
    const reason = /No space left/i.test(output)
      ? 'the disk is full'
      : (/ERROR\] (.{0,300})/.exec(output)?.[1] ?? 'see its output')
    throw new LocalProblem(`Maven could not fetch the parts: ${reason}`)
  }
}

/** The jar's binary for this machine; the names in it are `redis-server-<version>-<os>-<arch>`. */
const redisBinary = (folder: string): string | null => {
  const arch = { x64: 'amd64', arm64: 'arm64', ia32: '386' }[process.arch as 'x64']
  const name = readdirSync(folder).find((file) => file.endsWith(`-${process.platform}-${arch}`))
  return name ? join(folder, name) : null
}

/**
 * Fetches what the cache lacks; a warm cache costs a few file checks.
 * @param say progress for a person, a line at a time
 * @throws LocalProblem
 */
export const fetchArtefacts = async (env: NodeJS.ProcessEnv, say: Say): Promise<Artefacts> => {
  requireJava()
  const identity = createHash('sha256')
    .update(readFileSync(join(recipe, 'pom.xml')))
    .update(readFileSync(join(recipe, 'checksums.sha256')))
    .digest('hex')
  const folder = join(cacheFolder(env), `native-${identity.slice(0, 16)}`)
  if (!existsSync(folder)) {
    // Made beside its place and moved there when complete: a fetch that was broken off leaves nothing that looks whole.
    const making = `${folder}.${randomUUID()}`
    try {
      mkdirSync(making, { recursive: true })
      await fetchWithMaven(making, say)
      await verify(making)
      rmSync(join(making, 'archives'), { recursive: true })
      const redis = redisBinary(join(making, 'redis'))
      if (redis) chmodSync(redis, 0o755)
      if (!existsSync(folder)) renameSync(making, folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
        throw new LocalProblem(`the disk is full: ${folder} could not be written`)
      throw error
    } finally {
      rmSync(making, { recursive: true, force: true })
    }
  }
  const registry = join(folder, 'registry')
  const runner = readdirSync(registry).find((file) => file.endsWith('-runner.jar'))
  return {
    kafkaClasspath: join(folder, 'kafka', '*'),
    registryClasspath: `${join(registry, runner ?? '')}:${join(registry, 'lib', '*')}`,
    redisServer: redisBinary(join(folder, 'redis')),
  }
}
