/**
 * Secrets in files: every secret setting `NAME` may be given as `NAME_FILE`, the path of a file that holds its value. A process that
 * sees such a file change ends and is started again with the new value: see docs/decisions/078-secret-files.md.
 */
import { fileProblem } from '../../../shared/text/file-problem.ts'
import { ConfigError, isSecret } from '../../config.ts'

export type ReadText = (path: string) => string
type Environment = Readonly<Record<string, string | undefined>>

const suffix = '_FILE'
/** These may hold a password. */
const urls: ReadonlySet<string> = new Set(['REDIS_URL', 'SCHEMA_REGISTRY_URL'])
/** Of the cloud providers' own libraries, such as AWS_WEB_IDENTITY_TOKEN_FILE: they read their files themselves. */
const ofOthers = /^(?:AWS|AZURE|GCP|GOOGLE)_/
const maxLength = 65_536

/** A secret setting that is given as a file. */
interface SecretFile {
  /** The setting without `_FILE`. */
  readonly name: string
  readonly path: string
}

const secretFilesIn = (env: Environment): SecretFile[] =>
  Object.entries(env).flatMap(([variable, path]) => {
    const name = variable.slice(0, -suffix.length)
    const isGiven = variable.endsWith(suffix) && (isSecret(name) || urls.has(name)) && !ofOthers.test(name)
    return isGiven && path ? [{ name, path }] : []
  })

/** A trailing line end is no part of the secret: editors and `echo` add one. */
const textOf = (path: string, read: ReadText): string => read(path).replace(/\r?\n$/, '')

/** @returns the value, or what is wrong */
const contentOf = ({ name, path }: SecretFile, env: Environment, read: ReadText): { value: string } | string => {
  if (env[name]) return `${name} and ${name}${suffix} are both set: keep one of them`
  try {
    const value = textOf(path, read)
    if (value.trim() === '') return `${name}${suffix}: ${path} is empty: write the secret into it`
    if (value.length > maxLength) return `${name}${suffix}: ${path} is longer than ${maxLength} characters`
    return { value }
  } catch (error) {
    const why = fileProblem(error) ?? 'correct the path, or let this user read the file'
    return `${name}${suffix}: ${path} cannot be read: ${why}`
  }
}

/**
 * The environment with the values of its secret files. The names of the files stay in it, for processes that this one starts.
 * @throws ConfigError with one line per problem, which never holds a value
 */
export const withSecretFiles = <E extends Environment>(env: E, read: ReadText): E => {
  const found = secretFilesIn(env).map((file) => ({ name: file.name, value: contentOf(file, env, read) }))
  const problems = found.flatMap(({ value }) => (typeof value === 'string' ? [value] : []))
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return {
    ...env,
    ...Object.fromEntries(found.flatMap(({ name, value }) => (typeof value === 'string' ? [] : [[name, value.value]]))),
  }
}

/** Notices that secret files hold other values than this process has read. */
export class SecretFileWatch {
  readonly #files: readonly SecretFile[]
  readonly #env: Environment
  readonly #read: ReadText
  /** What a file held at the last poll, if that was another value. */
  readonly #changed = new Map<string, string>()

  /** @param env with the values that this process has read */
  constructor(env: Environment, read: ReadText) {
    this.#files = secretFilesIn(env)
    this.#env = env
    this.#read = read
  }

  get isEmpty(): boolean {
    return this.#files.length === 0
  }

  /**
   * Settings with another value that was the same at the poll before: a file may be half written. What is unreadable or empty
   * counts as unchanged, since a restart would fail.
   */
  poll(): readonly string[] {
    return this.#files.flatMap((file) => {
      const value = contentOf(file, {}, this.#read)
      if (typeof value === 'string') return []
      const before = this.#changed.get(file.name)
      if (value.value === this.#env[file.name]) this.#changed.delete(file.name)
      else this.#changed.set(file.name, value.value)
      return before === value.value && this.#changed.has(file.name) ? [file.name] : []
    })
  }
}
