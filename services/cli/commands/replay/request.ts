/** Parses the options of `signals replay` into a request. Every error names its option. */
import { readConnections } from '../../../shared/connections/store.ts'
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import type { RuleSetRecord } from '../../../shared/model/rules/rule-set.ts'
import { FileUnusable } from '../../../tools/replay/input/avro-container.ts'
import { identifyFile } from '../../../tools/replay/input/event-file.ts'
import { type FilterCondition, FilterInvalid, parseFilter, withPseudonyms } from '../../../tools/replay/input/filter.ts'
import { type ListPin, type Pinnable, parsePin, VersionUnknown } from '../../../tools/replay/plan/pinned-versions.ts'
import { entryNames, type ReplayRequest } from '../../../tools/replay/request.ts'
import type { SendOptions } from '../../confirm-send.ts'
import type { CliContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { timeOf } from '../../times.ts'
import { checkIds, checkPartition } from './validate-ids.ts'

export interface ReplayFlags extends SendOptions {
  from?: string
  to?: string
  fromOffset?: string
  toOffset?: string
  partition?: string
  stage?: string
  connection?: string
  source?: string
  where?: string[]
  file?: string
  keywordList?: string
  ruleSet?: string
  rate?: string
  resume?: string
  json?: boolean
}

export const defaultRate = 500

const wholeNumber = (option: string, text: string | undefined): number | null => {
  if (text === undefined) return null
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 0)
    throw new UsageError(`${option} must be a whole number, not "${text}"`)
  return number
}

/** Turns errors of the caller's input into UsageErrors. */
const usageErrors = <T>(work: () => T): T => {
  try {
    return work()
  } catch (error) {
    if (error instanceof FilterInvalid || error instanceof VersionUnknown) throw new UsageError(error.message)
    throw error
  }
}

const parseEntry = ({ stage = 'raw', file }: ReplayFlags) => {
  const entry = entryNames[stage]
  if (!entry) throw new UsageError(`--stage must be one of ${Object.keys(entryNames).join(', ')}, not "${stage}"`)
  if (file !== undefined && entry !== 'raw') throw new UsageError('--file holds message events: --stage must be raw')
  return entry
}

const parseOffsets = (flags: ReplayFlags): ReplayRequest['offsets'] => {
  const from = wholeNumber('--from-offset', flags.fromOffset)
  const to = wholeNumber('--to-offset', flags.toOffset)
  const partition = wholeNumber('--partition', flags.partition)
  if (from === null && to === null && partition === null) return null
  if (from === null || to === null) throw new UsageError('an offset range needs --from-offset and --to-offset')
  if (to <= from) throw new UsageError('--to-offset must be greater than --from-offset: it is not included')
  if (flags.from !== undefined || flags.to !== undefined)
    throw new UsageError('give times or offsets, not both: leave out --from and --to, or the offsets')
  if (flags.file !== undefined) throw new UsageError('--file has no offsets: leave them out, or give times')
  return { partition, from, to }
}

/** Replaces ids of persons in the conditions, which the run's record keeps. */
const withoutPersonalIds = async (
  conditions: readonly FilterCondition[],
  connections: readonly ConnectionRecord[],
  { keyring }: CliContext,
): Promise<readonly FilterCondition[]> => {
  if (conditions.length === 0) return conditions
  const keys = await keyring()
  return withPseudonyms(conditions, (kind, id) =>
    connections.map(({ source, accountId }) => keys.pseudonym(kind, source, accountId, id)),
  )
}

/** A resumed run keeps its first request, so options that it would ignore are refused. @throws UsageError */
export const checkResumed = (flags: ReplayFlags) => {
  const { resume: _resume, json: _json, yes: _yes, ...others } = flags
  const [given] = Object.keys(others)
  if (given === undefined) return
  const option = given.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new UsageError(
    `--resume keeps the options of the run's first start, and sends: leave out --${option} (or start a new run without --resume)`,
  )
}

/** Parses what needs no connection to Kafka, so that errors come at once. @param now ms. @throws UsageError */
export const parseFlags = (flags: ReplayFlags, now: number) => {
  const entry = parseEntry(flags)
  const offsets = parseOffsets(flags)
  if (flags.from === undefined && offsets === null && flags.file === undefined)
    throw new UsageError(
      'choose what to replay: --from TIME [--to TIME], --from-offset and --to-offset, or --file FILE',
    )
  const from = flags.from === undefined ? null : timeOf('--from', flags.from)
  const to = flags.to === undefined ? (from === null ? null : now) : timeOf('--to', flags.to)
  if (from !== null && from > now) throw new UsageError('--from is in the future')
  if (from !== null && to !== null && to <= from) throw new UsageError('--to must be later than --from')
  const rate = wholeNumber('--rate', flags.rate) ?? defaultRate
  if (rate < 1) throw new UsageError('--rate must be at least 1 signal a second')
  return {
    entry,
    from,
    to,
    offsets,
    connection: flags.connection ?? null,
    source: flags.source ?? null,
    where: usageErrors(() => (flags.where ?? []).map(parseFilter)),
    rate,
    askedAt: now,
  }
}

/** All versions of what judges messages. */
export interface ReplayVersions {
  readonly lists: readonly KeywordListRecord[]
  readonly ruleSets: readonly RuleSetRecord[]
}

const pinnableLists = (lists: readonly KeywordListRecord[]): Pinnable => ({
  ...{ option: '--keyword-list', noun: 'keyword list', form: 'LIST@VERSION', command: 'signals keywords list' },
  versions: lists.map(({ listId, version }) => ({ id: listId, version })),
})

const pinnableRuleSets = (sets: readonly RuleSetRecord[]): Pinnable => ({
  ...{ option: '--rule-set', noun: 'rule set', form: 'SET@VERSION', command: 'signals rules list' },
  versions: sets.map(({ ruleSetId, version }) => ({ id: ruleSetId, version })),
})

/** @throws UsageError, DependencyError */
export const requestFrom = async (
  parsed: ReturnType<typeof parseFlags>,
  { keywordList, ruleSet, file }: ReplayFlags,
  { lists, ruleSets }: ReplayVersions,
  context: CliContext,
): Promise<ReplayRequest> => {
  const pinOf = (text: string | undefined, pinnable: Pinnable): ListPin =>
    text === undefined ? { kind: 'then' } : usageErrors(() => parsePin(text, pinnable, parsed.askedAt))
  const pins = { lists: pinOf(keywordList, pinnableLists(lists)), ruleSets: pinOf(ruleSet, pinnableRuleSets(ruleSets)) }
  await checkPartition(parsed, context)
  const connections = (await readConnections(context.broker(), await context.codec())).all()
  checkIds(parsed, connections)
  return {
    ...parsed,
    file: file === undefined ? null : await identifiedFile(file),
    where: await withoutPersonalIds(parsed.where, connections, context),
    ...pins,
  }
}

/** @throws UsageError when the file cannot be used */
export const identifiedFile = async (path: string) => {
  try {
    return await identifyFile(path)
  } catch (error) {
    if (error instanceof FileUnusable) throw new UsageError(error.message)
    throw error
  }
}
