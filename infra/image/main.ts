/**
 * `make image`: builds the image of all processes. NODE_IMAGE and RUNTIME_IMAGE replace the base images, such as by a mirror's;
 * BUILD_ARGS are further words for `docker build`, such as `--network host`.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineProblem, imageName, root } from './docker.ts'

const problem = engineProblem()
if (problem !== null) {
  process.stderr.write(`image: ${problem}\n`)
  process.exit(1)
}
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const revision = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim() || 'unknown'
const given = ['NODE_IMAGE', 'RUNTIME_IMAGE'].flatMap((name) =>
  process.env[name] ? ['--build-arg', `${name}=${process.env[name]}`] : [],
)
const { status } = spawnSync(
  'docker',
  [
    ...['build', '--tag', imageName, '--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`],
    ...given,
    ...(process.env.BUILD_ARGS?.split(' ').filter(Boolean) ?? []),
    '.',
  ],
  { cwd: root, stdio: 'inherit' },
)
process.exitCode = status ?? 1
