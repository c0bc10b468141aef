/** Runs `signals` in this process with one mistake, and gives what a newcomer would see. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runCommand } from '../../services/cli/commands/run-command.ts'
import { openEnvironment } from '../../services/runtime/process/environment/environment.ts'

export interface Mistake {
  readonly what: string
  /** `FOLDER` stands for a new folder that holds `files`. */
  readonly args: string
  /** In addition to PATH, HOME and a data folder of its own. */
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  /** 2: wrong usage or settings, where unset. */
  readonly code?: number
  /** Cause and remedy, as they are written. */
  readonly says: readonly (string | RegExp)[]
}

export interface Seen {
  readonly code: number
  readonly text: string
  /** ms */
  readonly took: number
}

/** What no answer may hold: a stack, and words of libraries and of the system. */
const foreignWords =
  /^\s+at \S+ \(|^\s+at (?:async )?file:|node:internal|\bzod\b|ZodError|kafkajs|platformatic|ioredis|commander|esbuild|Invalid input|expected \w+, received|ENOENT|EACCES|EISDIR|ENOTDIR|EADDRINUSE|ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EPIPE|EPROTO|errno|syscall|\[object Object\]|\bundefined\b|\bNaN\b|TypeError|SyntaxError|Unexpected token|in JSON at position/m

/** @param words the arguments; a part in double quotes is one */
const argumentsIn = (words: string): string[] =>
  [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')

export const make = async ({ args, env = {}, files = {} }: Mistake): Promise<Seen> => {
  const folder = mkdtempSync(join(tmpdir(), 'signals-mistake-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const inFolder = (text: string) => text.replaceAll('FOLDER', folder)
  const given = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, inFolder(text)]))
  const { PATH = '', HOME = folder } = process.env
  let text = ''
  const take = (part: string | Uint8Array) => {
    text += String(part)
    return true
  }
  const writes = { stdout: process.stdout.write, stderr: process.stderr.write }
  process.stdout.write = process.stderr.write = take as typeof process.stdout.write
  const before = process.exitCode
  process.exitCode = undefined
  const began = performance.now()
  try {
    const own = { PATH, HOME, SIGNALS_DATA_DIR: join(folder, '.signals'), ...given }
    const code = await runCommand(argumentsIn(inFolder(args)), own)
    return { code, text: text.replaceAll(folder, 'FOLDER'), took: performance.now() - began }
  } finally {
    process.exitCode = before
    Object.assign(process.stdout, { write: writes.stdout })
    Object.assign(process.stderr, { write: writes.stderr })
    // Tests of one worker share the modules' state.
    openEnvironment(process.env)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Nothing is asked before the mistake is seen, so these are never called. */
export const addresses = {
  KAFKA_BROKERS: '127.0.0.1:1',
  REDIS_URL: 'redis://127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
}

const holds = (text: string, part: string | RegExp) =>
  typeof part === 'string' ? text.includes(part) : part.test(text)

/** Expects cause and remedy in the answer, its exit code, and none of the foreign words. */
export const expectAnswer = async (mistake: Mistake): Promise<void> => {
  // Should a start not see the mistake, it ends at these addresses.
  const env = mistake.args === 'up' ? { ...addresses, ...mistake.env } : mistake.env
  const { code, text } = await make({ ...mistake, ...(env ? { env } : {}) })
  const missing = mistake.says.filter((part) => !holds(text, part))
  const seen = text.length > 1_500 ? `${text.slice(0, 1_500)} …` : text
  expect({ missing, foreign: foreignWords.exec(text)?.[0] ?? null, code, seen }).toMatchObject({
    missing: [],
    foreign: null,
    code: mistake.code ?? 2,
  })
}
