/** `signals dead-letters redrive`: plans, reports the dry run, asks, and sends the records back. */
import { systemClock } from '../../../runtime/clock.ts'
import { type DryRun, dryRunOf } from '../../../tools/dead-letters/dry-run.ts'
import { catalogueEntryOf, type FoundDeadLetter } from '../../../tools/dead-letters/found.ts'
import { type Redriven, type RedriveSkipReason, redriveSkipReasons } from '../../../tools/dead-letters/plan.ts'
import { type RedriveResult, runRedrive } from '../../../tools/dead-letters/redrive.ts'
import { type Conditions, hasId } from '../../../tools/dead-letters/select.ts'
import type { DeadLetterTools } from '../../../tools/dead-letters/store.ts'
import { audited } from '../../audit.ts'
import { maySend, type SendOptions } from '../../confirm-send.ts'
import { type CliContext, withContext } from '../../context.ts'
import { exitCodes, Refused, UsageError } from '../../exit.ts'
import { notify, print, printJson } from '../../output.ts'
import { tableByCode } from './output.ts'
import { conditionsOf, openTools, type SelectionFlags, selectedBy } from './selection.ts'

export interface RedriveFlags extends SelectionFlags, SendOptions {
  all?: boolean
  force?: boolean
  again?: boolean
}

const nothingDone: RedriveResult = { redriven: 0, failedAgain: 0, pending: 0, held: 0, erased: 0 }

/** @throws UsageError when the flags choose nothing */
const chosenConditions = (ids: readonly string[], flags: RedriveFlags): Conditions => {
  const conditions = conditionsOf(flags, ids)
  const isChosen = ids.length > 0 || Object.values(conditions).some((value) => value !== null && !Array.isArray(value))
  if (!isChosen && !flags.all)
    throw new UsageError('choose dead letters: by ids, a condition such as --code or --source, or --all')
  return conditions
}

/** @throws UsageError when an id selects nothing */
const checkAllFound = (ids: readonly string[], selected: readonly FoundDeadLetter[]) => {
  const unknown = ids.filter((id) => !selected.some((found) => hasId(found, id)))
  if (unknown.length > 0)
    throw new UsageError(
      `there is no such dead letter (any more), or a condition excludes it: ${unknown.join(', ')}; see: signals dead-letters list`,
    )
}

const probeTexts: Readonly<Record<string, string>> = {
  passes: 'would pass the current mappings',
  key_erased: 'cannot be opened any more: their connections were disconnected',
}

/** Codes with which records would fail again. */
const failuresIn = ({ tried }: DryRun) =>
  Object.keys(tried)
    .filter((result) => result !== 'unknown' && probeTexts[result] === undefined)
    .join(', ')

const reportDryRun = ({ records, skipped, tried }: DryRun, selected: readonly FoundDeadLetter[]) => {
  if (selected.length > 0) notify(tableByCode(selected))
  notify(`\n${selected.length} dead letters selected: ${records} records would be put back`)
  for (const [reason, count] of Object.entries(skipped))
    if (count > 0) notify(`${count} skipped: ${redriveSkipReasons[reason as RedriveSkipReason]}`)
  for (const [result, count] of Object.entries(tried))
    if (result !== 'unknown') notify(`${count} ${probeTexts[result] ?? `would fail again: ${result}`}`)
}

const reportResult = (result: RedriveResult, dryRun: DryRun, json: boolean) => {
  const { redriven, failedAgain, pending, held, erased } = result
  if (json) printJson({ dryRun: false, ...dryRun, ...result })
  else
    print(
      `${redriven} put back, ${failedAgain} of them failed again, ${pending} not processed yet, ${held} not put back${erased > 0 ? `, ${erased} erased with their connections` : ''}`,
    )
  if (held > 0) notify('signals: stopped: most records of a chunk failed again, or their stage makes no progress')
  if (failedAgain + held + pending > 0) process.exitCode = exitCodes.failed
}

const send = async (records: readonly Redriven[], tools: DeadLetterTools, { broker }: CliContext) => {
  const producer = await broker().producer()
  try {
    return await runRedrive(records, {
      ...tools,
      producer,
      clock: systemClock,
      onProgress: (done, all) => {
        if (process.stderr.isTTY) notify(`${done} of ${all} put back`)
      },
    })
  } finally {
    await producer.close()
  }
}

export const redrive = (ids: readonly string[], flags: RedriveFlags) =>
  withContext(async (context) => {
    const { json = false, force = false, again = false } = flags
    const conditions = chosenConditions(ids, flags)
    const tools = await openTools(context)
    const selected = await selectedBy(tools, conditions)
    checkAllFound(ids, selected)
    const { send: sent, dryRun } = await dryRunOf(selected, { force, again }, { ...tools, clock: systemClock })
    const { records, skipped } = dryRun
    if (selected.length > 0 && skipped.never === selected.length)
      throw new Refused(
        `a redrive cannot help: ${catalogueEntryOf(selected[0]?.code ?? '').help} Send them all the same with --force.`,
      )
    if (!json || process.stderr.isTTY) reportDryRun(dryRun, selected)
    const isDryRun = flags.dryRun === true || !flags.yes
    if (!isDryRun && records === 0 && skipped.would_fail > 0)
      throw new Refused(
        `nothing was put back: ${skipped.would_fail} would fail again on the present mappings (${failuresIn(dryRun)}). Fix the cause first, or send them all the same with --force.`,
      )
    if (records === 0 || !(await maySend(flags, `put ${records} records back?`))) {
      if (json) printJson({ dryRun: isDryRun, ...dryRun, ...nothingDone })
      else if (!isDryRun) print('nothing was put back')
      return
    }
    await audited(context, 'dead_letters.redrive', `${records} records`)
    reportResult(await send(sent, tools, context), dryRun, json)
  })
