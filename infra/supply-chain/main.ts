/**
 * Writes what the project brings along: `sbom/sbom.cdx.json` (CycloneDX, by npm itself, from the lock file) and `sbom/licences.txt`.
 * Ends with 1 if a package that production needs, or whose code the console's page holds, names no known licence, or has no checksum.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packagesInConsolePage } from '../../services/local/bundle/console-page.ts'
import { type Component, licencesOf, missingComponents, supplyProblems } from './licences.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, 'sbom')

const sbomOf = (...omit: readonly string[]): { readonly text: string; readonly components: readonly Component[] } => {
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', ...omit.map((kind) => `--omit=${kind}`)]
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (error || status !== 0) throw new Error(`npm sbom failed: ${error?.message ?? stderr}`)
  return { text: stdout, components: (JSON.parse(stdout) as { components: Component[] }).components }
}

const all = sbomOf()
const production = sbomOf('dev', 'optional')
const names = await packagesInConsolePage(root)
const bundled = all.components.filter(({ name }) => names.includes(name))
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'sbom.cdx.json'), all.text)
const line = (component: Component) =>
  `${component.name} ${component.version}: ${licencesOf(component) || 'none named'}`
const sections = [
  ['Production', production.components],
  ['In the console’s page', bundled],
  ['All, with optional and development packages', all.components],
] as const
writeFileSync(
  join(folder, 'licences.txt'),
  sections.map(([title, components]) => `# ${title}\n\n${components.map(line).sort().join('\n')}\n`).join('\n'),
)
const problems = [
  ...supplyProblems([...production.components, ...bundled]),
  ...missingComponents(names, all.components).map(
    (name) => `${name}: is in the console’s page, and not in the lock file`,
  ),
]
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.stdout.write(
  `${production.components.length} packages in production, ${bundled.length} in the console’s page, ${all.components.length} in all; written to sbom/\n`,
)
process.exitCode = problems.length > 0 ? 1 : 0
