/** Docker's command line, and what `make image` and its check share. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
/** Of the image that `make image` builds. */
export const imageName = process.env.IMAGE || 'messaging-signals:dev'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export const tryDocker = (...args: readonly string[]): Ended => {
  const { status, stdout, stderr, error } = spawnSync('docker', args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    // Whoever lacks Docker's buildx has the classic builder, which builds this Dockerfile as well.
    env: { ...process.env, DOCKER_BUILDKIT: process.env.DOCKER_BUILDKIT ?? '' },
  })
  return { code: error ? 127 : (status ?? 1), stdout: stdout ?? '', stderr: stderr ?? String(error) }
}

/** @throws Error with what the command printed */
export const docker = (...args: readonly string[]): string => {
  const { code, stdout, stderr } = tryDocker(...args)
  if (code !== 0) throw new Error(`docker ${args.slice(0, 2).join(' ')} ended with ${code}: ${stderr.slice(-2_000)}`)
  return stdout.trim()
}

/** null: an engine answers; else why none does. */
export const engineProblem = (): string | null => {
  const { code, stderr } = tryDocker('version', '--format', '{{.Server.Version}}')
  if (code === 127) return 'docker is not installed'
  return code === 0 ? null : `no Docker engine answers: ${stderr.trim().split('\n').at(-1)}`
}
