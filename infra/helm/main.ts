/**
 * `make chart-check`: lints and renders the chart with each values file, compares with the golden files (GOLDEN=write renews them), checks
 * the policies, and validates against Kubernetes' schemas where kubeconform and the Python package kubernetes-validate, which ships them,
 * are there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chart, goldenFile, goldenNames, renderings, resourcesOf } from './chart.ts'
import { policyProblems } from './policies.ts'
import { writeSchemas } from './schemas.ts'

/** The oldest one that the chart supports, and the newest of the schemas. */
const kubernetesVersions = ['1.27.0', '1.37.0'] as const
/** Of other projects, whose schemas Kubernetes does not have. */
const foreignKinds = 'ScaledObject,ServiceMonitor,PrometheusRule,ExternalSecret'

const run = (command: string, args: readonly string[]) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  return { code: error ? 127 : (status ?? 1), stdout: stdout ?? '', stderr: stderr ?? '' }
}
const problems: string[] = []
const skipped: string[] = []
const say = (line: string) => process.stdout.write(`${line}\n`)

const helm = process.env.HELM || 'helm'
if (run(helm, ['version']).code !== 0) {
  say('not run: helm is not installed: go install helm.sh/helm/v3/cmd/helm@latest')
  process.exit(0)
}

const values = (files: readonly string[]) => files.flatMap((file) => ['--values', file])
const version = ['--kube-version', kubernetesVersions[0]]
const rendered = new Map<string, string>()
for (const [name, files] of Object.entries(renderings)) {
  const lint = run(helm, ['lint', chart, ...version, ...values(files)])
  if (lint.code !== 0) problems.push(`${name}: helm lint: ${lint.stdout}`)
  const { code, stdout, stderr } = run(helm, ['template', 'signals', chart, ...version, ...values(files)])
  if (code !== 0) problems.push(`${name}: helm template: ${stderr}`)
  else rendered.set(name, stdout)
}
for (const [name, text] of rendered) problems.push(...policyProblems(resourcesOf(text)).map((one) => `${name}: ${one}`))
for (const name of goldenNames) {
  const [file, text] = [goldenFile(name), rendered.get(name) ?? '']
  if (process.env.GOLDEN === 'write') writeFileSync(file, text)
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text)
    problems.push(`${name}: differs from ${file}: look at the difference, then renew it with GOLDEN=write`)
}

const python = run('python3', ['-c', 'import kubernetes_validate as k; print(k.__path__[0])'])
const shipped =
  process.env.KUBERNETES_SCHEMAS || (python.code === 0 ? join(python.stdout.trim(), 'kubernetes-json-schema') : '')
const kubeconform = process.env.KUBECONFORM || 'kubeconform'
if (run(kubeconform, ['-v']).code !== 0) skipped.push('kubeconform is not installed')
else if (!shipped) skipped.push('the schemas of Kubernetes are not there: pip install kubernetes-validate')
else {
  const folder = mkdtempSync(join(tmpdir(), 'signals-chart-'))
  try {
    const files = [...rendered].map(([name, text]) => {
      const file = join(folder, `${name}.yaml`)
      writeFileSync(file, text)
      return file
    })
    for (const kubernetes of kubernetesVersions) {
      const schemas = join(folder, kubernetes)
      writeSchemas(join(shipped, `v${kubernetes}-local-strict`), schemas)
      const location = `${schemas}/{{.ResourceKind}}{{.KindSuffix}}.json`
      const args = ['-strict', '-summary', '-skip', foreignKinds, '-schema-location', location, ...files]
      const { code, stdout } = run(kubeconform, args)
      say(`Kubernetes ${kubernetes}: ${stdout.trim().split('\n').at(-1)}`)
      if (code !== 0) problems.push(stdout.trim())
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
for (const problem of problems) say(`BAD  ${problem}`)
for (const reason of skipped) say(`not run: validation against Kubernetes' schemas (${reason})`)
say(`${rendered.size} of ${Object.keys(renderings).length} renderings, ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0
