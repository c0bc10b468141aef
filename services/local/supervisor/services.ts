/** The pipeline's own services: address, environment and readiness check of each. */
import type { KeyHolder } from '../../runtime/keys/key-holders.ts'
import { stageNames } from '../../topology.ts'
import { compiledFolder } from '../cache-folder.ts'
import type { LocalConfig } from '../config.ts'
import type { Ports } from '../free-ports.ts'
import type { PartAddresses } from '../parts/infrastructure.ts'
import { simulatorApp } from '../simulator/authorisation.ts'
import type { ServiceSpec } from './child-specs.ts'
import { answersLookUps, type ServiceName, serviceEnvironment } from './environments.ts'
import type { Addresses } from './state-file.ts'

const local = (port: number) => `http://127.0.0.1:${port}`

/**
 * All of them, and a simulator unless TIKTOK_BASE_URL is set.
 * @param env each process sees a part of it. @param keys SIGNALS_KEYS of each process
 * @throws LocalProblem when a configured port is in use
 */
export const servicesOf = async (
  { TIKTOK_BASE_URL, GATEWAY_PORT, CONSOLE_PORT, CALLBACK_PORT }: LocalConfig,
  env: NodeJS.ProcessEnv,
  keys: Readonly<Record<KeyHolder, string>>,
  parts: PartAddresses,
  ports: Pick<Ports, 'take'>,
): Promise<{ readonly addresses: Addresses; readonly services: readonly ServiceSpec[] }> => {
  const simulatorPort = TIKTOK_BASE_URL ? null : await ports.take('simulator')
  const tiktok = TIKTOK_BASE_URL ?? local(simulatorPort as number)
  const gatewayPort = await ports.take('gateway', GATEWAY_PORT, 'GATEWAY_PORT')
  const consolePort = await ports.take('console', CONSOLE_PORT, 'CONSOLE_PORT')
  const callbackPort = await ports.take('callback', CALLBACK_PORT, 'CALLBACK_PORT')
  const metrics: Record<string, number> = {}
  for (const stage of stageNames) metrics[stage] = await ports.take(`${stage}-metrics`)

  const service = (name: ServiceName, readyUrl: string, more: NodeJS.ProcessEnv): ServiceSpec => ({
    name,
    readyUrl,
    // Compiling takes a third of a start.
    env: {
      NODE_COMPILE_CACHE: compiledFolder(env),
      ...serviceEnvironment(name, env),
      TIKTOK_BASE_URL: tiktok,
      ...more,
    },
  })
  const addresses: Addresses = {
    gateway: local(gatewayPort),
    console: local(consolePort),
    callback: local(callbackPort),
    metrics: Object.fromEntries(stageNames.map((stage) => [stage, `${local(metrics[stage] as number)}/metrics`])),
    ...parts,
    simulator: simulatorPort === null ? null : local(simulatorPort),
    tiktok,
  }
  const stages = stageNames.map((stage) =>
    service(stage, `${local(metrics[stage] as number)}/readyz`, {
      SIGNALS_KEYS: keys[stage],
      METRICS_PORT: String(metrics[stage]),
      ...(stage === 'gateway'
        ? { GATEWAY_PORT: String(gatewayPort), GATEWAY_LOOK_UP: String(answersLookUps(env)) }
        : {}),
    }),
  )
  const console_ = service('console', `${addresses.console}/readyz`, {
    SIGNALS_KEYS: keys.control,
    CONSOLE_PORT: String(consolePort),
    CALLBACK_PORT: String(callbackPort),
    // The simulator's app, so that authorisation works with the simulator.
    ...(simulatorPort === null ? {} : { TIKTOK_APP_ID: simulatorApp.id, TIKTOK_APP_SECRET: simulatorApp.secret }),
  })
  const simulator =
    simulatorPort === null ? [] : [service('simulator', `${tiktok}/readyz`, { SIMULATOR_PORT: String(simulatorPort) })]
  return { addresses, services: [...simulator, ...stages, console_] }
}
