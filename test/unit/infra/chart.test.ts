/** The chart without Helm: its values, its golden files, its policies. `make chart-check` renders it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { chart, goldenFile, goldenNames, renderings, resourcesOf } from '../../../infra/helm/chart.ts'
import { policyProblems, type Resource } from '../../../infra/helm/policies.ts'
import { consumerGroup } from '../../../services/consumer-groups.ts'
import { type ServiceName, serviceEnvironment } from '../../../services/local/supervisor/environments.ts'
import { keyHolders } from '../../../services/runtime/keys/key-holders.ts'
import { consumerStages, stageNames } from '../../../services/topology.ts'

const read = (file: string) => readFileSync(file, 'utf8')
const golden = (name: string) => resourcesOf(read(goldenFile(name)))
const everything = golden('everything')
const ofKind = (kind: string, resources: readonly Resource[] = everything) =>
  resources.filter((one) => one.kind === kind)
const nameOf = ({ metadata }: Resource) => metadata.name

type Values = { [name: string]: Values }
/** As Helm merges values files: the later one wins, key by key. */
const merged = (a: unknown, b: unknown): unknown =>
  a !== null && b !== null && typeof a === 'object' && typeof b === 'object' && !Array.isArray(a) && !Array.isArray(b)
    ? Object.fromEntries(
        [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [
          key,
          key in b ? merged((a as Values)[key], (b as Values)[key]) : (a as Values)[key],
        ]),
      )
    : b
const valuesOf = (files: readonly string[]) =>
  [join(chart, 'values.yaml'), ...files].map((file) => parse(read(file))).reduce(merged) as Values

describe('the values of the chart', () => {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(
    JSON.parse(read(join(chart, 'values.schema.json'))),
  )
  it.each(Object.entries(renderings))('%s follow the schema', (_, files) => {
    expect(validate(valuesOf(files)) ? [] : validate.errors).toEqual([])
  })

  it.each([
    ['no brokers', { kafka: { brokers: '' } }, '/kafka/brokers'],
    ['a second control', { processes: { control: { replicas: 2 } } }, '/processes/control/replicas'],
    ['a secret among the settings', { settings: { ADMIN_TOKEN: 'x' } }, '/settings'],
    ['a password in a URL', { redis: { url: 'redis://user:password@redis:6379' } }, '/redis/url'],
    ['a misspelt name', { kakfa: {} }, ''],
    ['everybody as clients of the console', { networkPolicy: { consoleClients: [] } }, '/networkPolicy/consoleClients'],
    ['a container without limits', { processes: { ingest: { resources: { limits: null } } } }, '/processes/ingest'],
  ])('with %s are refused, with their place', (_, wrong, place) => {
    expect(validate(merged(valuesOf(renderings.small as string[]), wrong))).toBe(false)
    expect(validate.errors?.some(({ instancePath }) => instancePath.startsWith(place))).toBe(true)
  })
})

describe.each(goldenNames)('the chart with the values %s', (name) => {
  it('breaks no policy', () => expect(policyProblems(golden(name))).toEqual([]))

  it('has a Deployment, a ServiceAccount and a NetworkPolicy for each process', () => {
    const expected = keyHolders.map((process) => `signals-${process}`).sort()
    for (const kind of ['Deployment', 'ServiceAccount'])
      expect(ofKind(kind, golden(name)).map(nameOf).sort()).toEqual(expected)
    expect(ofKind('NetworkPolicy', golden(name)).map(nameOf).sort()).toEqual([...expected, 'signals-operator'].sort())
  })

  it('gives each process settings that it reads', () => {
    for (const deployment of ofKind('Deployment', golden(name))) {
      const { env = [], name: process } = deployment.spec?.template?.spec.containers[0] ?? { name: '' }
      const given = Object.fromEntries(env.map((one) => [one.name, 'x']))
      const service = (process === 'control' ? 'console' : process) as ServiceName
      const seen = serviceEnvironment(service, given)
      expect([process, Object.keys(given).filter((one) => !(one in seen))]).toEqual([process, []])
    }
  })
})

describe('the chart with everything', () => {
  it('never starts a process with the master key, which only jobs mount', () => {
    for (const deployment of [...ofKind('Deployment'), ...ofKind('Deployment', golden('small'))]) {
      const pod = deployment.spec?.template?.spec
      expect(JSON.stringify(pod?.containers)).not.toMatch(/MASTER_KEY|operator/)
    }
    expect(JSON.stringify(ofKind('Job'))).toContain('/run/signals/operator/SIGNALS_MASTER_KEY')
  })

  it('scales stages by the lag of their own groups, and the gateway by CPU', () => {
    const queries = ofKind('ScaledObject').map(
      (one) => /signals_lag_seconds\{group=.*?"(signals-\w+)/.exec(JSON.stringify(one))?.[1],
    )
    expect(queries.map((query) => query?.replace('\\', '')).sort()).toEqual(consumerStages.map(consumerGroup).sort())
    expect(ofKind('HorizontalPodAutoscaler').map(nameOf)).toEqual(['signals-gateway'])
  })

  it('has the alerts of the project', () => {
    expect(read(join(chart, 'files/alerts.yml'))).toBe(read(join(chart, '../../prometheus/alerts.yml')))
    const [rule] = ofKind('PrometheusRule')
    expect(rule?.spec).toEqual(parse(read(join(chart, 'files/alerts.yml'))))
  })

  it('lets clients of the console to the console alone, and the public ingress controller not to it', () => {
    interface Policy {
      readonly spec: { readonly ingress: readonly { from: object; ports: readonly { port: number }[] }[] }
    }
    const rules = (process: string) => {
      const found = ofKind('NetworkPolicy').filter((one) => nameOf(one) === `signals-${process}`) as unknown as Policy[]
      return found.flatMap(({ spec }) =>
        spec.ingress.map(({ from, ports }) => `${/name":"([\w-]+)/.exec(JSON.stringify(from))?.[1]} ${ports[0]?.port}`),
      )
    }
    expect(rules('control')).toEqual(['ingress-internal 8081', 'ingress-nginx 8082', 'monitoring 8081'])
    expect(rules('gateway')).toEqual(['ingress-nginx 8080', 'monitoring 9100', 'messaging-signals 9100'])
  })

  it('lets control ask each pod of each stage for its metrics', () => {
    const [control] = ofKind('Deployment').filter((one) => nameOf(one) === 'signals-control')
    const { env = [] } = control?.spec?.template?.spec.containers[0] ?? {}
    const urls = env.find(({ name }) => name === 'STAGE_METRICS_URLS') as { value?: string } | undefined
    const hosts =
      urls?.value?.split(',').map((one) => /^(\w+)=http:\/\/([\w-]+):9100\/metrics$/.exec(one)?.slice(1)) ?? []
    expect(hosts.map((one) => one?.[0])).toEqual([...stageNames])
    for (const [stage, host] of hosts as string[][]) {
      const [service] = ofKind('Service').filter((one) => nameOf(one) === host)
      expect(service?.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true })
      const [policy] = ofKind('NetworkPolicy').filter((one) => nameOf(one) === `signals-${stage}`)
      expect(JSON.stringify(policy?.spec)).toContain('"app.kubernetes.io/component":"control"')
      const [asking] = ofKind('NetworkPolicy').filter((one) => nameOf(one) === 'signals-control')
      expect(JSON.stringify(asking?.spec)).toContain(`"app.kubernetes.io/component":"${stage}"`)
    }
  })

  it('serves three names, each with TLS, and the callback with nothing but its path', () => {
    expect(ofKind('Ingress').map(nameOf)).toEqual(['signals-callback', 'signals-console', 'signals-gateway'])
    expect(JSON.stringify(ofKind('Ingress')[0])).toContain('"path":"/admin/v1/oauth"')
  })
})

describe('a policy', () => {
  const [deployment] = ofKind('Deployment')
  const change = (from: string | RegExp, to: string): string[] =>
    policyProblems([JSON.parse(JSON.stringify(deployment).replace(from, to)) as Resource])
  it.each<[string, string | RegExp, string]>([
    ['may run as root', /"runAsNonRoot":true(?=.*"volumeMounts")/g, '"runAsNonRoot":false'],
    ['may write to its root', '"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false'],
    ['may gain rights', '"allowPrivilegeEscalation":false', '"allowPrivilegeEscalation":true'],
    ['has rights of the system', '"drop":["ALL"]', '"drop":[]'],
    ['has no limits.cpu, limits.memory', /"limits":\{[^}]*\}/, '"limits":{}'],
    ['has a secret in its environment: KAFKA_SASL_PASSWORD', '"KAFKA_SASL_PASSWORD_FILE"', '"KAFKA_SASL_PASSWORD"'],
    ['KAFKA_BROKERS holds a password', /"value":"kafka-1[^"]*"/, '"value":"a://u:p@kafka"'],
    [
      'is not restarted by /livez',
      /"livenessProbe":\{"httpGet":\{"path":"\/livez"/,
      '"livenessProbe":{"httpGet":{"path":"/healthz"',
    ],
    ['does not drain', '"preStop"', '"postStop"'],
    ['has a token of the cluster', '"automountServiceAccountToken":false', '"automountServiceAccountToken":true'],
    ['has no time to drain', '"terminationGracePeriodSeconds":40', '"terminationGracePeriodSeconds":10'],
  ])('finds a container that %s', (problem, from, to) => {
    expect(change(from, to).some((one) => one.endsWith(problem))).toBe(true)
  })
})
