import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import { failures } from '../../../runtime/failures.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import { catalogueEntryOf, type FoundDeadLetter } from '../../../tools/dead-letters/found.ts'
import { haveRelatives, planRedrive, type RedrivePlan, redriveSkipReasons } from '../../../tools/dead-letters/plan.ts'
import { probe } from '../../../tools/dead-letters/probe.ts'
import { type RedriveResult, runRedrive } from '../../../tools/dead-letters/redrive.ts'
import { anyOfThem, type Conditions, isMeant } from '../../../tools/dead-letters/select.ts'
import {
  type DeadLetterTools,
  findDeadLetters,
  openDeadLetters,
  readRedriven,
} from '../../../tools/dead-letters/store.ts'
import { consumerStages } from '../../../topology.ts'
import { maySend, type SendOptions } from '../../confirm-send.ts'
import { type CliContext, withContext } from '../../context.ts'
import { exitCodes, Refused, UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { notify, print, printJson, table } from '../../output.ts'
import { timeOf } from '../../times.ts'

interface Selection {
  stage?: string
  code?: string
  source?: string
  connection?: string
  from?: string
  to?: string
  json?: boolean
}

const placeForm = /^[a-z0-9.-]+\/\d+\/\d+$/

const conditionsOf = (options: Selection, ids: readonly string[] = []): Conditions => {
  const { stage, code, source, connection, from, to } = options
  if (stage !== undefined && !(consumerStages as readonly string[]).includes(stage))
    throw new UsageError(`--stage must be one of ${consumerStages.join(', ')}`)
  if (code !== undefined && !(code in failures))
    throw new UsageError(`--code must be one of ${Object.keys(failures).join(', ')}`)
  const wrong = ids.find((id) => !placeForm.test(id))
  if (wrong !== undefined)
    throw new UsageError(
      `"${wrong}" is no dead letter: its id is TOPIC/PARTITION/OFFSET or STAGE/PARTITION/OFFSET, see list`,
    )
  return {
    ...anyOfThem,
    ids,
    stage: stage ?? null,
    code: code ?? null,
    source: source ?? null,
    connection: connection ?? null,
    from: from === undefined ? null : timeOf('--from', from),
    to: to === undefined ? null : timeOf('--to', to),
  }
}

const toolsOf = async ({ broker, codec, keyring }: CliContext): Promise<DeadLetterTools> => ({
  broker: broker(),
  codec: await codec(),
  keyring: await keyring(),
  directory: await readConnections(broker(), await codec()),
  sources: loadSources({ folder: ownMappings() }),
})

/** @throws UsageError for a connection that nobody knows: it must not pass for one without dead letters */
const selectedBy = (tools: DeadLetterTools, conditions: Conditions): Promise<readonly FoundDeadLetter[]> => {
  const { connection } = conditions
  if (connection !== null && !tools.directory.byId(connection))
    throw new UsageError(`--connection: there is no connection ${connection}; see: signals connections list`)
  return findDeadLetters(tools, conditions)
}

/** What machines get: offsets as numbers, times in ISO 8601, and what the catalogue says. */
const shown = (found: FoundDeadLetter, redriven: ReadonlySet<string>) => {
  const { id, stage, code, reason, attempt, failedAt, origin, traceparent, redrives, redriveOf, keyId, sealedBytes } =
    found
  const { redrive, help } = catalogueEntryOf(code)
  return {
    id,
    stage,
    code,
    reason,
    redrive,
    help,
    attempt,
    failedAt: iso(failedAt),
    origin: { ...origin, timestamp: iso(origin.timestamp) },
    traceparent,
    redrives,
    redriveOf,
    redriven: redriven.has(id),
    sealed: { keyId, bytes: sealedBytes },
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
const least = (times: readonly number[]) => times.reduce((a, b) => Math.min(a, b))
const most = (times: readonly number[]) => times.reduce((a, b) => Math.max(a, b))

const byCode = (all: readonly FoundDeadLetter[]) =>
  table([
    ['stage', 'code', 'count', 'first', 'last', 'redrive', 'what to do first'],
    ...Array.from(
      Map.groupBy(all, ({ stage, code }) => `${stage} ${code}`),
      ([, own]) => {
        const { stage, code } = own[0] as FoundDeadLetter
        const { redrive, help } = catalogueEntryOf(code)
        const times = own.map(({ failedAt }) => failedAt)
        return [stage, code, String(own.length), iso(least(times)), iso(most(times)), redrive, help]
      },
    ),
  ])

const list = (options: Selection & { limit?: string }) =>
  withContext(async (context) => {
    const limit = options.limit === undefined ? null : Number(options.limit)
    if (limit !== null && !(Number.isInteger(limit) && limit > 0))
      throw new UsageError('--limit must be a whole number')
    const tools = await toolsOf(context)
    const all = await selectedBy(tools, conditionsOf(options))
    const redriven = await readRedriven(tools)
    if (options.json) return printJson(all.slice(-(limit ?? all.length)).map((found) => shown(found, redriven)))
    if (all.length === 0) return print('no dead letters')
    print(`${byCode(all)}\n`)
    const latest = all.slice(-(limit ?? 20))
    print(
      table([
        ['dead letter', 'code', 'failed at', 'origin', 'redrives', 'reason'],
        ...latest.map((found) => [
          found.id,
          found.code,
          iso(found.failedAt),
          `${found.origin.topic}/${found.origin.partition}/${found.origin.offset}`,
          redriven.has(found.id) ? 'put back' : found.redrives > 0 ? `failed again (${found.redrives})` : '0',
          found.reason,
        ]),
      ]),
    )
    if (latest.length < all.length) print(`the last ${latest.length} of ${all.length}; all with --limit ${all.length}`)
  })

const show = (id: string, { json }: Selection) =>
  withContext(async (context) => {
    const tools = await toolsOf(context)
    const [found] = await findDeadLetters(tools, conditionsOf({}, [id]))
    if (!found) throw new UsageError(`there is no dead letter ${id} (any more); see: signals dead-letters list`)
    const value = shown(found, await readRedriven(tools))
    if (json) return printJson(value)
    print(
      table(
        Object.entries(value).map(([name, field]) => [name, typeof field === 'string' ? field : JSON.stringify(field)]),
      ),
    )
  })

interface RedriveFlags extends Selection, SendOptions {
  all?: boolean
  force?: boolean
  again?: boolean
}

/** What the mappings of now would make of them: `passes`, `unknown`, or the code that they would fail by. */
const tried = async (plan: RedrivePlan, tools: DeadLetterTools): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {}
  const chunk = 1_000
  for (let from = 0; from < plan.send.length; from += chunk) {
    const found = plan.send.slice(from, from + chunk).map((one) => one.found)
    const originals = await openDeadLetters(tools, found)
    await tools.codec.prepare([...originals.values()])
    for (const record of originals.values()) {
      const result = probe(record, tools)
      counts[result] = (counts[result] ?? 0) + 1
    }
  }
  return counts
}

const nothingDone: RedriveResult = { redriven: 0, failedAgain: 0, pending: 0, held: 0 }

const redrive = (ids: readonly string[], options: RedriveFlags) =>
  withContext(async (context) => {
    const { all, json, force = false, again = false } = options
    const conditions = conditionsOf(options, ids)
    const isChosen =
      ids.length > 0 || Object.values(conditions).some((value) => value !== null && !Array.isArray(value))
    if (!isChosen && !all) throw new UsageError('say which: ids, a condition such as --code or --source, or --all')
    const tools = await toolsOf(context)
    const selected = await selectedBy(tools, conditions)
    const unknown = ids.filter((id) => !selected.some((found) => isMeant(found, id)))
    if (unknown.length > 0)
      throw new UsageError(
        `there is no such dead letter (any more), or a condition excludes it: ${unknown.join(', ')}; see: signals dead-letters list`,
      )
    // What fails together goes back together, and the last failure of a record alone: one reading more where that can be.
    const known = haveRelatives(selected, { force, again }) ? await findDeadLetters(tools, anyOfThem) : selected
    const plan = planRedrive(selected, await readRedriven(tools), Date.now(), { force, again }, known)
    if (selected.length > 0 && plan.skipped.never === selected.length)
      throw new Refused(
        `a redrive cannot help: ${catalogueEntryOf(selected[0]?.code ?? '').help} Send them all the same with --force.`,
      )
    const records = plan.send.length
    const dry = { selected: selected.length, records, skipped: plan.skipped, tried: await tried(plan, tools) }
    if (!json || process.stderr.isTTY) {
      if (selected.length > 0) notify(byCode(selected))
      notify(`\n${selected.length} dead letters selected: ${records} records would be put back`)
      for (const [reason, count] of Object.entries(plan.skipped))
        if (count > 0) notify(`${count} skipped: ${redriveSkipReasons[reason as keyof typeof redriveSkipReasons]}`)
      for (const [result, count] of Object.entries(dry.tried))
        if (result !== 'unknown')
          notify(
            `${count} ${result === 'passes' ? 'would pass with the mappings of now' : `would fail again: ${result}`}`,
          )
    }
    const dryRun = options.dryRun === true || !options.yes
    if (records === 0 || !(await maySend(options, `put ${records} records back?`))) {
      if (json) printJson({ dryRun, ...dry, ...nothingDone })
      else if (!dryRun) print('nothing was put back')
      return
    }
    const producer = await context.broker().producer()
    try {
      const result = await runRedrive(plan.send, {
        ...tools,
        producer,
        clock: systemClock,
        onProgress: (done, whole) => {
          if (process.stderr.isTTY) notify(`${done} of ${whole} put back`)
        },
      })
      if (json) printJson({ dryRun: false, ...dry, ...result })
      else
        print(
          `${result.redriven} put back, ${result.failedAgain} of them failed again, ${result.pending} not processed yet, ${result.held} held back`,
        )
      if (result.held > 0)
        notify('signals: stopped, since most of what was put back failed again or its stage does not move')
      if (result.failedAgain + result.held + result.pending > 0) process.exitCode = exitCodes.failed
    } finally {
      await producer.close()
    }
  })

export const register = (program: Command) => {
  const letters = program.command('dead-letters').description('what a stage could not process: list, show, redrive')
  const selecting = (command: Command) =>
    command
      .option('--stage <stage>', `one of ${consumerStages.join(', ')}`)
      .option('--code <code>', 'a code of the failure catalogue (docs/dead-letters.md)')
      .option('--source <source>', 'records of this source')
      .option('--connection <id>', 'records of this connection')
      .option('--from <time>', 'failed at or after, ISO 8601')
      .option('--to <time>', 'failed before, ISO 8601')
      .option('--json', 'one JSON value')

  selecting(letters.command('list').description('counts by code, and the latest'))
    .option('--limit <n>', 'how many of the latest; default 20, with --json all')
    .action((options: Selection & { limit?: string }) => list(options))

  letters
    .command('show <id>')
    .description('all about one, but for what it holds: that stays sealed')
    .option('--json', 'one JSON value')
    .action((id: string, options: Selection) => show(id, options))

  selecting(letters.command('redrive [id...]').description('put back to where they came from; a dry run comes first'))
    .option('--all', 'all that there are')
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'without asking')
    .option('--again', 'also what was put back before')
    .option('--force', 'also what a redrive cannot help')
    .action((ids: string[], options: RedriveFlags) => redrive(ids, options))
}
