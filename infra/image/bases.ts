/**
 * Whether this machine can have the base images. `.ci/run` asks first: an engine without a way to a registry is a machine on which the
 * image cannot be built, not a fault of the image. Ends with 3 and the reason then.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, engineProblem, root, tryDocker } from './docker.ts'

/** Of the Dockerfile, as the environment replaces them. */
export const basesOf = (dockerfile: string, env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Array.from(dockerfile.matchAll(/^ARG (\w+_IMAGE)=(\S+)$/gm), ([, name = '', image = '']) => env[name] || image)

/** What a registry answers about an image that it does not give: a digest that is wrong or gone is a fault here. */
const answered = /manifest unknown|not found|denied|unauthorized|invalid reference/i

/** @returns null: all are here, or the registry answers about them; else why none of it can be had */
export const unreachableBase = (
  images: readonly string[],
  run: (...args: readonly string[]) => Ended,
): string | null => {
  for (const image of images) {
    if (run('image', 'inspect', image).code === 0) continue
    const { code, stderr } = run('pull', '--quiet', image)
    if (code !== 0 && !answered.test(stderr)) return `${image} cannot be pulled: ${stderr.trim().split('\n').at(-1)}`
  }
  return null
}

if (import.meta.main) {
  const bases = basesOf(readFileSync(join(root, 'Dockerfile'), 'utf8'), process.env)
  const problem = engineProblem() ?? unreachableBase(bases, tryDocker)
  if (problem !== null) {
    process.stdout.write(`${problem}\n`)
    process.exitCode = 3
  }
}
