/**
 * `make chart-dry-run`: `helm install --dry-run=server` against a real API server, and each rendered resource posted to it with `dryRun=All`, so that defaults, validation and
 * admission of that version of Kubernetes judge it. Says so and passes where helm, etcd or kube-apiserver are not here.
 */
import { spawnSync } from 'node:child_process'
import { lackingProgram, startApiServer } from './api-server.ts'
import { chart, renderings, resourcesOf } from './chart.ts'

// A certificate that the server made for itself, on loopback.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
process.removeAllListeners('warning')

const say = (line: string) => process.stdout.write(`${line}\n`)
const helm = process.env.HELM || 'helm'
const run = (...args: readonly string[]) => {
  const { status, stdout, stderr, error } = spawnSync(helm, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })
  return { code: error ? 127 : (status ?? 1), stdout: stdout ?? '', stderr: stderr ?? '' }
}

/** Of other projects, whose definitions this server does not have. */
const foreignKinds = new Set(['ScaledObject', 'ServiceMonitor', 'PrometheusRule', 'ExternalSecret'])

/** `NetworkPolicy` → networkpolicies */
const pluralOf = (kind: string): string => {
  const name = kind.toLowerCase()
  if (name.endsWith('y')) return `${name.slice(0, -1)}ies`
  return name.endsWith('s') ? `${name}es` : `${name}s`
}

const lacking = run('version').code === 127 ? helm : lackingProgram()
if (lacking !== null) {
  say(
    `not run: ${lacking} is not installed (go install helm.sh/helm/v3/cmd/helm@latest; etcd and kube-apiserver: docs/deploy/kubernetes.md)`,
  )
  process.exit(0)
}

const server = await startApiServer()
const problems: string[] = []
let posted = 0
try {
  const version = await fetch(`${server.url}/version`, { headers: { authorization: `Bearer ${server.token}` } })
  say(`Kubernetes ${((await version.json()) as { gitVersion: string }).gitVersion}`)
  const access = ['--kube-apiserver', server.url, '--kube-token', server.token, '--kube-insecure-skip-tls-verify']
  for (const [name, files] of Object.entries(renderings)) {
    const values = files.flatMap((file) => ['--values', file])
    const rendered = run('template', 'signals', chart, ...values)
    const resources = resourcesOf(rendered.stdout)
    const foreign = [...new Set(resources.map(({ kind }) => kind).filter((kind) => foreignKinds.has(kind)))]
    if (foreign.length === 0) {
      const { code, stderr } = run('install', 'signals', chart, ...values, '--dry-run=server', ...access)
      say(`${code === 0 ? 'ok  ' : 'BAD '} ${name}: helm install --dry-run=server`)
      if (code !== 0) problems.push(`${name}: ${stderr.trim()}`)
    } else say(`--   ${name}: helm install --dry-run=server not run: the server has no ${foreign.join(', ')}`)
    for (const resource of resources) {
      const { apiVersion, kind, metadata } = resource as unknown as {
        apiVersion: string
        kind: string
        metadata: { name: string }
      }
      if (foreignKinds.has(kind)) continue
      const root = apiVersion.includes('/') ? 'apis' : 'api'
      const response = await fetch(
        `${server.url}/${root}/${apiVersion}/namespaces/default/${pluralOf(kind)}?dryRun=All&fieldValidation=Strict`,
        {
          method: 'POST',
          headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
          body: JSON.stringify(resource),
        },
      )
      posted++
      if (!response.ok)
        problems.push(`${name}: ${kind} ${metadata.name}: ${((await response.json()) as { message: string }).message}`)
    }
  }
} finally {
  await server.stop()
}
for (const problem of problems) say(`BAD  ${problem}`)
say(`${posted} resources posted as a dry run, ${problems.length} problems`)
process.exitCode = problems.length === 0 && posted > 0 ? 0 : 1
