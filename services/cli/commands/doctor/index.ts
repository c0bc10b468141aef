import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import type { z } from 'zod'
import { attributionFields } from '../../../attribution/config.ts'
import { consoleFields } from '../../../control/config.ts'
import { breakerRows } from '../../../dispatch/circuit-breaker/metrics.ts'
import { RedisBreakerStore } from '../../../dispatch/circuit-breaker/redis-store.ts'
import { dispatchFields } from '../../../dispatch/config.ts'
import { gatewayFields } from '../../../gateway/config.ts'
import { ingestFields } from '../../../ingest/config.ts'
import { keywordsFields } from '../../../keywords/config.ts'
import { readLists } from '../../../keywords/lists/store.ts'
import { readRuleSets } from '../../../keywords/rules/store.ts'
import { localFields } from '../../../local/config.ts'
import { readSecrets } from '../../../local/supervisor/state-file.ts'
import { systemClock } from '../../../runtime/clock.ts'
import { ConfigError, fields, loadConfig } from '../../../runtime/config.ts'
import { readDataSecret } from '../../../runtime/keys/data-secret.ts'
import { type Broker, DependencyError } from '../../../runtime/ports.ts'
import type { Connection } from '../../../shared/connections/directory.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import { readTokens } from '../../../shared/tokens/store.ts'
import type { CheckResult } from '../../../tools/doctor/check-result.ts'
import type { DiagnosticsContext } from '../../../tools/doctor/diagnostics-context.ts'
import { runChecks } from '../../../tools/doctor/run-checks.ts'
import { readSignedState, type SignedState } from '../../../tools/keys/signed-state.ts'
import { type CliContext, withContext } from '../../context.ts'
import { ownMappings } from '../../folders.ts'
import { print, printJson } from '../../output.ts'
import { readProblems } from '../status/problems.ts'
import { readProcesses } from '../status/processes.ts'
import { readUnconnected } from '../status/unconnected.ts'

const verdictText: Record<CheckResult['verdict'], string> = { good: 'ok  ', warning: 'warn', bad: 'BAD ' }

const shapes: readonly z.ZodRawShape[] = [
  localFields,
  { ...fields, ...gatewayFields },
  { ...fields, ...ingestFields },
  { ...fields, ...attributionFields },
  { ...fields, ...keywordsFields },
  { ...fields, ...dispatchFields },
  consoleFields,
]

/** Problems that each service would report at its start. A setting that is missing here may be set where the service runs. */
const settingProblems = (env: NodeJS.ProcessEnv): string[] => {
  const problems = new Set<string>()
  for (const shape of shapes) {
    try {
      loadConfig(shape, env)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const line of error.message.split('\n')) if (!/ is not set: /.test(line)) problems.add(line)
    }
  }
  return [...problems]
}

/** The disk of the folder, or of its nearest existing parent. */
const disk = async (folder: string): Promise<{ freeBytes: number; sizeBytes: number }> => {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, blocks, bsize } = await statfs(existing)
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
}

/** Several checks read the same. Compiling all mappings takes a third of a second, verifying 10,000 connections two. */
const once = <T>(read: () => T): (() => T) => {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: read() }
    return known.value
  }
}

/** With keys that are not this pipeline's no record counts; the check of the keys reports that, and the others still look. */
const readable = async (context: CliContext): Promise<Broker> => {
  if (!context.hasKeys) return context.unsignedBroker()
  try {
    await context.openKeys()
    return context.broker()
  } catch (error) {
    if (error instanceof ConfigError) return context.unsignedBroker()
    throw error
  }
}

type ReadState = () => Promise<SignedState | null>

/** Read once for signatures and connections: to verify a record of each connection takes most of the time. null: there are no keys. */
const signedStateOf = (context: CliContext): ReadState =>
  once(async () => {
    if (!context.hasKeys) return null
    return readSignedState(context.keys, { broker: context.unsignedBroker(), codec: await context.codec() })
  })

const connectionsOf = async (context: CliContext, read: ReadState): Promise<readonly Connection[]> => {
  const codec = await context.codec()
  // With keys that are not this pipeline's, what the topic holds is shown as it is.
  const state = await read().catch((error: unknown) => {
    if (error instanceof ConfigError) return null
    throw error
  })
  if (state === null) return (await readConnections(await readable(context), codec)).all()
  return [...state.tables.connections.current.values()]
    .filter(({ value }) => value !== null)
    .map((record) => codec.decode('connections', record))
}

/** @throws DependencyError where Redis alone knows, and does not say */
const processesOrProblem = async (context: CliContext): ReturnType<DiagnosticsContext['processes']> => {
  const { processes, problem } = await readProcesses(context)
  if (processes.length === 0 && problem !== null) throw new DependencyError('redis', problem)
  return processes
}

const diagnosticsOf = (context: CliContext, signedState = signedStateOf(context)): DiagnosticsContext => ({
  dataDir: context.dataDir,
  processes: once(() => processesOrProblem(context)),
  // Getters: an address that is not set becomes a check result, not an error of the command.
  get brokers() {
    return context.brokers
  },
  get redisUrl() {
    return context.redisUrl
  },
  get registryUrl() {
    return context.registryUrl
  },
  env: context.env,
  nodeVersion: process.version,
  storedMasterKey: readSecrets(context.dataDir).SIGNALS_MASTER_KEY,
  fixedTokens: (['INGEST_TOKEN', 'ADMIN_TOKEN'] as const).filter(
    (name) => context.env[name] || readSecrets(context.dataDir)[name],
  ),
  clock: systemClock,
  broker: () => context.broker(),
  redis: () => context.redis(),
  registry: () => context.registry(),
  keys: () => context.keys,
  // Read also with keys that are not this pipeline's, so that the check can say so.
  dataSecret: async () => readDataSecret({ broker: context.unsignedBroker(), codec: await context.codec() }),
  signatures: async () => {
    const state = await signedState()
    return state && { isLatched: state.keys.signing.judge.isLatched, refused: state.refused }
  },
  sources: once(() => loadSources(ownMappings())),
  connections: once(() => connectionsOf(context, signedState)),
  tokens: async () => readTokens(await readable(context), await context.codec()),
  unconnected: async () => (await readUnconnected(context)) ?? [],
  keywordLists: async () => readLists(await readable(context), await context.codec()),
  ruleSets: async () => readRuleSets(await readable(context), await context.codec()),
  breakers: async () => breakerRows(await new RedisBreakerStore(context.redis()).all(), systemClock.now()),
  problems: once(async () =>
    context.running ? readProblems(context.running.console, context.dataDir, context.env) : null,
  ),
  settingProblems: () => settingProblems(context.env),
  disk,
})

export const register = (program: Command) => {
  program
    .command('doctor')
    .description('check settings and every dependency, with a remedy for each problem')
    .option('--json', 'one JSON value')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        let area = ''
        const show = (result: CheckResult) => {
          if (result.area !== area) print(`${area === '' ? '' : '\n'}${result.area}`)
          area = result.area
          print(
            `  ${verdictText[result.verdict]} ${result.what}${result.remedy ? `\n         → ${result.remedy}` : ''}`,
          )
        }
        const results = await runChecks(diagnosticsOf(context), json ? undefined : show)
        if (results.some(({ verdict }) => verdict === 'bad')) process.exitCode = 1
        if (json) return printJson(results)
        const count = (verdict: CheckResult['verdict']) => results.filter((result) => result.verdict === verdict).length
        print(`\n${count('bad')} bad, ${count('warning')} to check, ${count('good')} good`)
      }),
    )
}
