/**
 * `make release VERSION=0.2.0`: writes the version to package.json, its lock file and the chart, and cuts the changelog. It commits and tags nothing: it
 * prints what to do next. Ends with 1 where the tree has other changes, so that a release is a commit of its own.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cutChangelog, isAbove } from './changelog.ts'

const root = join(import.meta.dirname, '../..')
const path = (name: string) => join(root, name)
const say = (line: string) => process.stdout.write(`${line}\n`)
const run = (command: string, ...args: string[]) => spawnSync(command, args, { cwd: root, encoding: 'utf8' })

const release = (version: string): readonly string[] => {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new RangeError('VERSION: must be three numbers, such as VERSION=0.2.0')
  const { version: before } = JSON.parse(readFileSync(path('package.json'), 'utf8')) as { version: string }
  if (!isAbove(version, before)) throw new RangeError(`VERSION: must be above ${before}`)
  const changed = run('git', 'status', '--porcelain').stdout.trim()
  if (changed !== '') throw new RangeError(`the tree has other changes: commit them first\n${changed}`)
  const changelog = cutChangelog(
    readFileSync(path('CHANGELOG.md'), 'utf8'),
    version,
    new Date().toISOString().slice(0, 10),
  )
  const write = (name: string, change: (text: string) => string) =>
    writeFileSync(path(name), change(readFileSync(path(name), 'utf8')))
  const ofPackage = (text: string) => text.replace(`"version": "${before}"`, `"version": "${version}"`)
  write('CHANGELOG.md', () => changelog)
  write('package.json', ofPackage)
  // The root has its version twice in the lock file, before any package.
  write('package-lock.json', (text) => ofPackage(ofPackage(text)))
  write('infra/helm/messaging-signals/Chart.yaml', (text) => text.replaceAll(`ersion: ${before}`, `ersion: ${version}`))
  const golden = ['everything', 'small'].map((name) => `infra/helm/golden/${name}.yaml`)
  for (const name of golden)
    write(name, (text) =>
      text
        .replaceAll(`version: "${before}"`, `version: "${version}"`)
        .replaceAll(`messaging-signals-${before}`, `messaging-signals-${version}`)
        .replaceAll(`messaging-signals:${before}`, `messaging-signals:${version}`),
    )
  return ['CHANGELOG.md', 'package.json', 'package-lock.json', 'infra/helm']
}

try {
  const version = process.env.VERSION ?? ''
  const files = release(version)
  say(run('git', 'diff', '--stat').stdout.trim())
  say(`\n.ci/run && make upgrade-scenario && make chart-check`)
  say(`git commit -m 'Release ${version}' -- ${files.join(' ')} && git tag -a v${version} -m ${version}`)
} catch (error) {
  if (!(error instanceof RangeError)) throw error
  say(`release: ${error.message}`)
  process.exitCode = 1
}
