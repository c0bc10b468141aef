/**
 * `signals up`: starts the parts, then the services, restarts those that end, and stops them in reverse order.
 *
 * No kill leaves processes behind: Node children end when their IPC channel closes, and the guard ends the parts. The next start
 * ends the children of a killed guard. It imports no client of the parts, so that it stays small.
 */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { systemClock } from '../../runtime/clock.ts'
import { replaySettingTexts } from '../../tools/replay/settings.ts'
import { type StageName, stageNames } from '../../topology.ts'
import { locateProgram } from '../bundle/locate.ts'
import { ownBundle, presentBundle, projectRoot } from '../bundle/own.ts'
import { compiledFolder } from '../cache-folder.ts'
import type { LocalConfig } from '../config.ts'
import { Ports } from '../free-ports.ts'
import { type PartAddresses, startParts } from '../parts/infrastructure.ts'
import { LocalProblem } from '../problem.ts'
import { Child, type ChildSpec } from '../processes/child.ts'
import { pickEnvironment } from '../processes/environment.ts'
import { leftovers } from '../processes/leftovers.ts'
import { endProcesses, identifyProcess, type ProcessIdentity } from '../processes/processes.ts'
import { compactSpec, separateSpecs } from './child-specs.ts'
import { Guard } from './guard/guard.ts'
import { preflight } from './preflight.ts'
import { Preparation } from './preparation/preparation.ts'
import { secretsOf } from './secrets.ts'
import { servicesOf } from './services.ts'
import {
  type Addresses,
  makeDataDir,
  mappingsFolder,
  readState,
  removeState,
  runningState,
  writeState,
} from './state-file.ts'
import { StateWriter } from './state-writer.ts'

const partReadyMs = 90_000
const stageReadyMs = 60_000

/** Another `signals up` runs on the data folder. */
export class AlreadyRunning extends LocalProblem {}

type Report = (line: string) => void

interface SupervisorOptions {
  readonly output?: ((text: string) => void) | undefined
  readonly isCompact?: boolean | undefined
}

export class Supervisor {
  readonly #config: LocalConfig
  readonly #env: NodeJS.ProcessEnv
  readonly #dataDir: string
  readonly #logs: string
  readonly #mappings: string
  readonly #report: Report
  readonly #output: ((line: string) => void) | undefined
  readonly #isCompact: boolean
  #lazyPorts: Ports | undefined
  readonly #running = new Map<string, ProcessIdentity>()
  /** In start order. */
  readonly #children: Child[] = []
  readonly #undo: (() => Promise<unknown>)[] = []
  readonly #state = new StateWriter(
    () => this.#saveState(),
    (line) => this.#report(line),
    systemClock,
  )
  #guard: Guard | undefined
  #lazyPreparation: Preparation | undefined
  #bundle: Promise<string | null> | undefined
  #addresses: Addresses | null = null
  #stopping = false
  /** Whether the cluster had no connections topic before this start. */
  #isFresh = false
  /** Whether this supervisor owns the data folder and may remove its state file. */
  #claimed = false

  /**
   * @param options.output gets the output of the services as they write it
   * @param options.isCompact all services run in one process
   */
  constructor(config: LocalConfig, env: NodeJS.ProcessEnv, report: Report, options: SupervisorOptions = {}) {
    this.#config = config
    this.#env = env
    this.#dataDir = resolve(config.SIGNALS_DATA_DIR)
    this.#logs = join(this.#dataDir, 'logs')
    this.#mappings = resolve(config.SIGNALS_MAPPINGS_DIR ?? mappingsFolder(this.#dataDir))
    this.#report = report
    this.#output = options.output
    this.#isCompact = options.isCompact ?? false
  }

  /** Created on first use, because the data folder exists only after `#claimFolder`. */
  get #ports(): Ports {
    this.#lazyPorts ??= new Ports(this.#dataDir)
    return this.#lazyPorts
  }

  get pids(): Record<StageName, number> {
    return Object.fromEntries(stageNames.map((name) => [name, this.#running.get(name)?.pid ?? 0])) as Record<
      StageName,
      number
    >
  }

  /** Starts Kafka, registry and Redis only, and provisions topics and schemas. @throws LocalProblem, AlreadyRunning */
  async startParts(): Promise<PartAddresses> {
    await this.#claimFolder()
    this.#startGuard()
    // Loads its code while the parts start.
    const preparation = this.#preparation
    const parts = await startParts(this.#config, this.#env, {
      ports: this.#ports,
      folders: { data: this.#dataDir, logs: this.#logs },
      report: this.#report,
      start: (spec) => this.#start(spec, partReadyMs),
      onStop: (undo) => this.#undo.push(undo),
    })
    this.#isFresh = await preparation.provision(this.#env, parts)
    return parts
  }

  /** Starts everything; bundles beside the parts. @throws LocalProblem, AlreadyRunning, ConfigError */
  async start(): Promise<Addresses> {
    await preflight(this.#config, this.#env)
    void this.#bundled()
    return this.startServices(await this.startParts())
  }

  /**
   * Starts the pipeline's own processes on running parts.
   * @param names of the processes to start; default: all
   */
  async startServices(
    parts: PartAddresses,
    names: readonly string[] = [...stageNames, 'console', 'simulator'],
  ): Promise<Addresses> {
    mkdirSync(this.#mappings, { recursive: true })
    const env = {
      ...this.#env,
      ...secretsOf(this.#dataDir, this.#env, this.#report),
      SIGNALS_DATA_DIR: this.#dataDir,
      SIGNALS_MAPPINGS_DIR: this.#mappings,
      KAFKA_BROKERS: parts.brokers,
      REDIS_URL: parts.redis,
      SCHEMA_REGISTRY_URL: parts.registry,
    }
    const keys = await this.#preparation.keys(env, parts, this.#isFresh)
    this.#preparation.end()
    const { addresses, services } = await servicesOf(this.#config, env, keys, parts, this.#ports)
    this.#addresses = addresses
    const chosen = services.filter(({ name }) => names.includes(name))
    const resources = {
      ...{ logs: this.#logs, root: projectRoot(), bundle: await this.#bundled(), report: this.#report },
      livenessMs: this.#config.LIVENESS_SECONDS * 1000,
    }
    const specs = this.#isCompact ? [compactSpec(chosen, env, resources)] : separateSpecs(chosen, resources)
    this.#report('starting the services …')
    await Promise.all(specs.map((spec) => this.#start(spec, stageReadyMs)))
    this.#state.write()
    return addresses
  }

  /** Stops the gateway, then the other services, then the parts. */
  async stop(): Promise<void> {
    if (this.#stopping) return
    this.#stopping = true
    this.#state.stop()
    this.#lazyPreparation?.end()
    const [parts, own] = [this.#children.filter(({ spec }) => !spec.ipc), this.#children.filter(({ spec }) => spec.ipc)]
    // The gateway first, so that nothing new comes in; the stages drain in parallel.
    await Promise.all(own.filter(({ spec }) => spec.name === 'gateway').map((child) => child.stop()))
    await Promise.all(own.map((child) => child.stop()))
    await Promise.all(parts.map((child) => child.stop()))
    for (const undo of this.#undo) await undo()
    // What was started while this stopped.
    await endProcesses(leftovers(this.#dataDir), 5_000)
    this.#guard?.dismiss()
    if (this.#claimed) removeState(this.#dataDir)
  }

  #bundled(): Promise<string | null> {
    this.#bundle ??= presentBundle(this.#env, this.#report)
    return this.#bundle
  }

  async #claimFolder() {
    makeDataDir(this.#dataDir)
    mkdirSync(this.#logs, { recursive: true })
    const running = runningState(this.#dataDir)
    if (running) {
      throw new AlreadyRunning(
        `a pipeline already runs on ${this.#dataDir} (${running.supervisor ? `process ${running.supervisor.pid}` : 'started elsewhere'}): stop it, or set SIGNALS_DATA_DIR to another folder`,
      )
    }
    const orphans = Object.values(readState(this.#dataDir)?.children ?? {})
    await endProcesses([...orphans, ...leftovers(this.#dataDir)], 10_000)
    this.#claimed = true
    this.#state.write()
  }

  get #preparation(): Preparation {
    const file = () => locateProgram('preparer', projectRoot(), ownBundle, this.#report)
    this.#lazyPreparation ??= new Preparation(file(), { NODE_COMPILE_CACHE: compiledFolder(this.#env), ...this.#env })
    return this.#lazyPreparation
  }

  #startGuard() {
    this.#guard = new Guard({
      file: locateProgram('guard', projectRoot(), ownBundle, this.#report),
      dataDir: this.#dataDir,
      supervisor: identifyProcess(process.pid) as ProcessIdentity,
      env: pickEnvironment(this.#env, () => false),
    })
    this.#guard.start()
  }

  async #start(spec: ChildSpec, timeoutMs: number): Promise<Child> {
    if (this.#stopping) throw new LocalProblem(`${spec.name} is not started: signals up stops`)
    const child = new Child(spec, {
      started: (identity) => {
        for (const name of spec.services ?? [spec.name]) this.#running.set(name, identity)
        this.#state.write()
      },
      report: this.#report,
      // The parts' logs have another format and stay in their files.
      ...(this.#output && spec.ipc ? { output: this.#output } : {}),
    })
    this.#children.push(child)
    await child.start(timeoutMs)
    return child
  }

  #saveState() {
    if (this.#stopping) return
    writeState(this.#dataDir, {
      supervisor: identifyProcess(process.pid) as ProcessIdentity,
      children: Object.fromEntries(this.#running),
      addresses: this.#addresses,
      stageSettings: replaySettingTexts(this.#env),
      mappings: this.#mappings,
    })
  }
}
