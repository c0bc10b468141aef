/**
 * `make chart-dry-run`: `helm install --dry-run=server` against a real API server, and each rendered resource posted to it with `dryRun=All`, so that defaults, validation and
 * admission of that version of Kubernetes judge it. Says so and passes where helm, etcd or kube-apiserver are not here.
 */
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
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

/** Of other projects: the server learns that they exist, and takes any content of theirs. */
const foreign = [
  ['keda.sh', 'v1alpha1', 'ScaledObject'],
  ['monitoring.coreos.com', 'v1', 'ServiceMonitor'],
  ['monitoring.coreos.com', 'v1', 'PrometheusRule'],
  ['external-secrets.io', 'v1', 'ExternalSecret'],
] as const
const foreignKinds = new Set<string>(foreign.map(([, , kind]) => kind))

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
const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' }
const ask = async (path: string, body?: object) => {
  const method = body ? 'POST' : 'GET'
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  // A path that is not served yet answers in plain text.
  const value: unknown = await response.json().catch(() => ({}))
  return { ok: response.ok, value: value as Readonly<Record<string, unknown>> }
}

/** Resolves once the server knows the kinds. */
const defineForeign = async () => {
  for (const [group, version, kind] of foreign) {
    const plural = pluralOf(kind)
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const { ok, value } = await ask('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      ...{
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.${group}` },
      },
      spec: {
        ...{
          group,
          scope: 'Namespaced',
          names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
        },
        versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
      },
    })
    if (!ok) throw new Error(`${kind}: ${value.message}`)
    const path = `/apis/${group}/${version}/namespaces/default/${plural}`
    for (let tries = 0; tries < 100 && !(await ask(path)).ok; tries++) await sleep(200)
  }
}

const problems: string[] = []
let posted = 0
try {
  const version = (await ask('/version')).value.gitVersion as string
  say(`Kubernetes ${version}`)
  await defineForeign()
  const access = ['--kube-apiserver', server.url, '--kube-token', server.token, '--kube-insecure-skip-tls-verify']
  for (const [name, files] of Object.entries(renderings)) {
    const values = files.flatMap((file) => ['--values', file])
    const { code, stderr } = run('install', 'signals', chart, ...values, '--dry-run=server', ...access)
    say(`${code === 0 ? 'ok  ' : 'BAD '} ${name}: helm install --dry-run=server`)
    if (code !== 0) problems.push(`${name}: ${stderr.trim()}`)
    const rendered = run('template', 'signals', chart, ...values, '--kube-version', version)
    for (const resource of resourcesOf(rendered.stdout)) {
      const { apiVersion, kind, metadata } = resource as unknown as {
        readonly apiVersion: string
        readonly kind: string
        readonly metadata: { readonly name: string }
      }
      if (foreignKinds.has(kind)) continue
      const root = apiVersion.includes('/') ? 'apis' : 'api'
      const path = `/${root}/${apiVersion}/namespaces/default/${pluralOf(kind)}?dryRun=All&fieldValidation=Strict`
      const { ok, value } = await ask(path, resource)
      posted++
      if (!ok) problems.push(`${name}: ${kind} ${metadata.name}: ${value.message}`)
    }
  }
} finally {
  await server.stop()
}
for (const problem of problems) say(`BAD  ${problem}`)
say(`${posted} resources posted as a dry run, ${problems.length} problems`)
process.exitCode = problems.length === 0 && posted > 0 ? 0 : 1
