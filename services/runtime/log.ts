/**
 * Logs for operators: JSON lines on standard error. They must not contain personal data: callers log codes, counts, topics, offsets and
 * our own ids only, and pass errors through `errorFacts`.
 */
import { type Logger, pino, stdTimeFunctions } from 'pino'
import { ConfigError } from './config.ts'
import { DependencyError, RecordTooLarge } from './ports.ts'

export type { Logger } from 'pino'

/**
 * Loggable facts of an error. The message is included only if it is one of ours. A parser's message quotes its input, a client's may
 * quote a command.
 */
export const errorFacts = (error: unknown): Record<string, unknown> => {
  if (!(error instanceof Error)) return { error: typeof error }
  const { code } = error as { code?: unknown }
  const ours = error instanceof DependencyError || error instanceof RecordTooLarge || error instanceof ConfigError
  return {
    error: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(ours ? { message: error.message } : {}),
    ...(error instanceof DependencyError ? { dependency: error.dependency } : {}),
    at: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 6)
      .map((line) => line.trim().slice(3)),
  }
}

export const createLog = (service: string, level: string): Logger =>
  pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFacts },
    },
    pino.destination({ dest: 2, sync: true }),
  )
