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
import { localFields } from '../../../local/config.ts'
import { readSecrets } from '../../../local/supervisor/state-file.ts'
import { ConfigError, fields, loadConfig } from '../../../runtime/config.ts'
import { readDataSecret } from '../../../runtime/keys/data-secret.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import type { CheckResult } from '../../../tools/doctor/check-result.ts'
import type { DiagnosticsContext } from '../../../tools/doctor/diagnostics-context.ts'
import { runChecks } from '../../../tools/doctor/run-checks.ts'
import { type CliContext, withContext } from '../../context.ts'
import { print, printJson } from '../../output.ts'

const mark: Record<CheckResult['verdict'], string> = { good: 'ok  ', warning: 'warn', bad: 'BAD ' }

const shapes: readonly z.ZodRawShape[] = [
  localFields,
  { ...fields, ...gatewayFields },
  { ...fields, ...ingestFields },
  { ...fields, ...attributionFields },
  { ...fields, ...keywordsFields },
  { ...fields, ...dispatchFields },
  consoleFields,
]

/** What each service would say at its start; what is not set here may be set where it runs. */
const settingProblems = (env: NodeJS.ProcessEnv): string[] => {
  const found = new Set<string>()
  for (const shape of shapes) {
    try {
      loadConfig(shape, env)
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const line of error.message.split('\n')) if (!/ is not set: /.test(line)) found.add(line)
    }
  }
  return [...found]
}

/** Of a folder that is not there yet, its parent's. */
const disk = async (folder: string): Promise<{ freeBytes: number; sizeBytes: number }> => {
  let place = folder
  while (!existsSync(place)) place = dirname(place)
  const { bavail, blocks, bsize } = await statfs(place)
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize }
}

const health: DiagnosticsContext['health'] = async (metricsUrl) => {
  try {
    const response = await fetch(metricsUrl.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(3_000) })
    return (await response.json()) as Awaited<ReturnType<DiagnosticsContext['health']>>
  } catch {
    // Down or frozen: there is no report.
    return null
  }
}

const patientOf = (context: CliContext): DiagnosticsContext => ({
  dataDir: context.dataDir,
  metrics: context.running?.metrics ?? null,
  // Asked for when they are needed: what is not set is a finding, not the end.
  get brokers() {
    return context.brokers
  },
  get redisUrl() {
    return context.redisUrl
  },
  get registryUrl() {
    return context.registryUrl
  },
  env: process.env,
  nodeVersion: process.version,
  keptMasterKey: readSecrets(context.dataDir).SIGNALS_MASTER_KEY,
  now: Date.now,
  broker: () => context.broker(),
  redis: () => context.redis(),
  registry: () => context.registry(),
  masterKeys: () => context.masterKeys,
  dataSecret: async () => readDataSecret({ broker: context.broker(), codec: await context.codec() }),
  sources: () => loadSources({ folder: process.env.SIGNALS_MAPPINGS_DIR }),
  connections: async () => (await readConnections(context.broker(), await context.codec())).all(),
  keywordLists: async () => readLists(context.broker(), await context.codec()),
  breakers: async () => breakerRows(await new RedisBreakerStore(context.redis()).all(), Date.now()),
  settingProblems: () => settingProblems(process.env),
  health,
  disk,
})

export const register = (program: Command) => {
  program
    .command('doctor')
    .description('check configuration and every dependency; says what to do')
    .option('--json', 'one JSON value')
    .action(({ json }: { json?: boolean }) =>
      withContext(async (context) => {
        const findings = await runChecks(patientOf(context))
        if (findings.some(({ verdict }) => verdict === 'bad')) process.exitCode = 1
        if (json) return printJson(findings)
        let area = ''
        for (const finding of findings) {
          if (finding.area !== area) print(`${area === '' ? '' : '\n'}${finding.area}`)
          area = finding.area
          print(`  ${mark[finding.verdict]} ${finding.what}${finding.remedy ? `\n         → ${finding.remedy}` : ''}`)
        }
        const count = (verdict: CheckResult['verdict']) => findings.filter((one) => one.verdict === verdict).length
        print(`\n${count('bad')} bad, ${count('warning')} to look at, ${count('good')} good`)
      }),
    )
}
