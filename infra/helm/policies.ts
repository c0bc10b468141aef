/** What every container of the chart must be, whatever the values: checked over what `helm template` makes. */
import { isSecret } from '../../services/runtime/config.ts'

interface Container {
  readonly name: string
  readonly image: string
  readonly env?: readonly {
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly fieldRef?: unknown }
  }[]
  readonly resources?: Readonly<Record<'requests' | 'limits', Readonly<Record<string, unknown>> | undefined>>
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly readOnlyRootFilesystem?: boolean
    readonly allowPrivilegeEscalation?: boolean
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] }
  }
  readonly startupProbe?: unknown
  readonly livenessProbe?: { readonly httpGet?: { readonly path: string } }
  readonly readinessProbe?: { readonly httpGet?: { readonly path: string } }
  readonly lifecycle?: { readonly preStop?: unknown }
}

interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly automountServiceAccountToken?: boolean
  readonly hostNetwork?: boolean
  readonly topologySpreadConstraints?: readonly unknown[]
  readonly terminationGracePeriodSeconds?: number
  readonly volumes?: readonly { readonly name: string; readonly hostPath?: unknown }[]
}

export interface Resource {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: { readonly template?: { readonly spec: PodSpec }; readonly tls?: readonly unknown[] }
}

/** The process needs 20 s to stop in order, and waits 5 s before. */
const leastGraceSeconds = 26

const containerProblems = ({ env = [], resources, securityContext: context }: Container): string[] => {
  const missing = (['requests', 'limits'] as const).flatMap((kind) =>
    ['cpu', 'memory'].filter((what) => resources?.[kind]?.[what] === undefined).map((what) => `${kind}.${what}`),
  )
  return [
    ...(context?.runAsNonRoot ? [] : ['may run as root']),
    ...(context?.readOnlyRootFilesystem ? [] : ['may write to its root']),
    ...(context?.allowPrivilegeEscalation === false ? [] : ['may gain rights']),
    ...(context?.capabilities?.drop?.includes('ALL') && !context.capabilities.add ? [] : ['has rights of the system']),
    ...(missing.length > 0 ? [`has no ${missing.join(', ')}`] : []),
    // The value of a NAME_FILE is a path.
    ...env.filter(({ name }) => isSecret(name)).map(({ name }) => `has a secret in its environment: ${name}`),
    // What the pod is told of itself is no secret.
    ...env
      .filter(({ valueFrom }) => valueFrom && !valueFrom.fieldRef)
      .map(({ name }) => `takes ${name} from elsewhere into its environment`),
    ...env.filter(({ value }) => /:\/\/[^/]*@/.test(value ?? '')).map(({ name }) => `${name} holds a password`),
  ]
}

const processProblems = (container: Container): string[] => [
  ...(container.startupProbe ? [] : ['has no startup probe']),
  // A restart by health would end a stage that catches up (docs/operations.md, Health).
  ...(container.livenessProbe?.httpGet?.path === '/livez' ? [] : ['is not restarted by /livez']),
  ...(container.readinessProbe?.httpGet?.path === '/readyz' ? [] : ['is not ready by /readyz']),
  ...(container.lifecycle?.preStop ? [] : ['does not drain']),
]

const podProblems = ({ kind, spec }: Resource): string[] => {
  const pod = spec?.template?.spec
  if (!pod) return []
  const isProcess = kind === 'Deployment'
  return [
    ...(pod.automountServiceAccountToken === false ? [] : ['has a token of the cluster']),
    ...(pod.hostNetwork || pod.volumes?.some(({ hostPath }) => hostPath) ? ['uses its host'] : []),
    ...(isProcess && !pod.topologySpreadConstraints?.length ? ['is not spread'] : []),
    ...(isProcess && (pod.terminationGracePeriodSeconds ?? 30) < leastGraceSeconds ? ['has no time to drain'] : []),
    ...[...pod.containers, ...(pod.initContainers ?? [])].flatMap((container) =>
      containerProblems(container).map((problem) => `${container.name} ${problem}`),
    ),
    ...(isProcess ? pod.containers.flatMap(processProblems) : []),
  ]
}

/** @returns each problem with the resource that has it */
export const policyProblems = (resources: readonly Resource[]): string[] =>
  resources.flatMap((resource) =>
    [
      ...podProblems(resource),
      ...(resource.kind === 'Ingress' && !resource.spec?.tls?.length ? ['is served without TLS'] : []),
      ...(resource.kind === 'Secret' ? ['is a Secret of the chart: values end up in the history of releases'] : []),
    ].map((problem) => `${resource.kind} ${resource.metadata.name}: ${problem}`),
  )
