/** `signals mappings`: checks, lists and prints the mappings of sources. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { runningState } from '../../../local/supervisor/state-file.ts'
import { checkMapping, type SampleReport } from '../../../shared/sources/check.ts'
import { loadSources, type MappingsReport, shippedFolder } from '../../../shared/sources/index.ts'
import { UsageError } from '../../exit.ts'
import { dataDir, ownMappings } from '../../folders.ts'
import { textOf } from '../../input-file.ts'
import { print, printJson, table } from '../../output.ts'
import { printSample, totals } from './sample-report.ts'
import { deliveryOf, headersIn } from './webhook-body.ts'

interface Output {
  json?: boolean
}
interface CheckOptions extends Output {
  samples?: string
  account?: string
}

const isSample = (file: string) => /\.(json|form)$/.test(file) && !file.endsWith('.headers.json')

/** Reads sample bodies: `NAME.json` or `NAME.form`, with optional request headers in `NAME.headers.json`. */
const samplesIn = (folder: string) => {
  if (!existsSync(folder)) throw new UsageError(`the folder ${folder} does not exist`)
  const files = readdirSync(folder).filter(isSample).sort()
  if (files.length === 0)
    throw new UsageError(`${folder} has no samples: put webhook bodies there as NAME.json (or NAME.form)`)
  return files.map((file) => {
    const headersFile = join(folder, file.replace(/\.(json|form)$/, '.headers.json'))
    const headers = existsSync(headersFile) ? headersIn(readFileSync(headersFile, 'utf8')) : {}
    const contentType = file.endsWith('.form') ? 'application/x-www-form-urlencoded' : 'application/json'
    return {
      file: join(folder, file),
      body: readFileSync(join(folder, file)),
      headers: { 'content-type': contentType, ...headers },
    }
  })
}

const check = (file: string, { samples, account, json }: CheckOptions) => {
  const { source, check: run } = checkMapping(textOf(file, 'mapping'), file)
  const reports: (SampleReport & { readonly sample: string })[] = (samples ? samplesIn(samples) : []).map(
    ({ file: sample, body, headers }) => ({ sample, ...run(deliveryOf(source.name, body, account ?? null, headers)) }),
  )
  const ok = reports.every((report) => report.ok)
  if (json) printJson({ ok, mapping: file, source: source.name, version: source.version, samples: reports })
  else {
    print(`${file}: source ${source.name}, version ${source.version}: the mapping is valid`)
    for (const report of reports) printSample(report.sample, file, report)
    if (reports.length > 0) print(`\n${totals(reports)}`)
  }
  if (!ok) process.exitCode = 1
}

/** The active mappings of a running gateway or ingest; null when it does not run or answer. */
const activeIn = async (stage: string, env: NodeJS.ProcessEnv): Promise<MappingsReport | null> => {
  const url = runningState(dataDir(env))?.addresses?.metrics[stage]
  if (!url) return null
  try {
    const response = await fetch(url.replace(/\/metrics$/, '/healthz'), { signal: AbortSignal.timeout(2_000) })
    return ((await response.json()) as { details?: { mappings?: MappingsReport } }).details?.mappings ?? null
  } catch {
    // It is starting or stopping.
    return null
  }
}

const list = async ({ json }: Output, env: NodeJS.ProcessEnv) => {
  const mine = ownMappings(env)
  const { folder } = mine
  const sources = loadSources(mine)
  const { own, refused } = sources.report()
  const running = { gateway: await activeIn('gateway', env), ingest: await activeIn('ingest', env) }
  const versionIn = (report: MappingsReport | null, source: string) =>
    report?.own.find((mapping) => mapping.source === source)?.version ?? null
  const mappings = sources.names().map((name) => {
    const file = own.find(({ source }) => source === name)?.file ?? null
    const version = sources.get(name)?.version ?? 0
    const activeVersions =
      file === null ? null : { gateway: versionIn(running.gateway, name), ingest: versionIn(running.ingest, name) }
    return { source: name, version, file, inForce: activeVersions }
  })
  if (json) return printJson({ folder, mappings, refused })
  const versionText = (version: number | null | undefined, report: MappingsReport | null) =>
    report === null ? '-' : version === null || version === undefined ? 'not yet' : `version ${version}`
  const rows = mappings.map(({ source, version, file, inForce: stages }) => [
    source,
    String(version),
    file ?? 'shipped',
    stages ? versionText(stages.gateway, running.gateway) : '',
    stages ? versionText(stages.ingest, running.ingest) : '',
  ])
  print(table([['source', 'version', 'file', 'gateway', 'ingest'], ...rows]))
  print(`\nyour own mappings are read from ${folder}`)
  for (const { problem } of refused) print(`refused: ${problem}`)
}

const show = (name: string, env: NodeJS.ProcessEnv) => {
  const mine = ownMappings(env)
  const { folder } = mine
  const sources = loadSources(mine)
  const source = sources.get(name)
  const refused = sources.report().refused.map(({ problem }) => problem)
  if (!source)
    throw new UsageError(
      [`no mapping for source ${name}; there are: ${sources.names().join(', ')}`, ...refused].join('\n'),
    )
  const own = sources.report().own.find((mapping) => mapping.source === name)
  const file = own ? join(folder, own.file) : join(shippedFolder, `${name}.yaml`)
  print(readFileSync(file, 'utf8').trimEnd())
}

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  const mappings = program.command('mappings').description('mappings of sources: check, list, show')

  mappings
    .command('check <file>')
    .description('validate a mapping; with samples, print the rule and result of each item, and the unread fields')
    .option('--samples <folder>', 'bodies as NAME.json or NAME.form, request headers as NAME.headers.json')
    .option('--account <id>', 'the account, if only the URL names it')
    .option('--json', 'one JSON value')
    .action(check)

  mappings
    .command('list')
    .description('all sources, shipped and your own, and the active versions in gateway and ingest')
    .option('--json', 'one JSON value')
    .action((options: Output) => list(options, env))

  mappings
    .command('show <source>')
    .description('the mapping document of a source')
    .action((name: string) => show(name, env))
}
