import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import {
  DeliveryUnreadable,
  loadSources,
  parseMapping,
  type RawDelivery,
  type Source,
  type SourceRegistry,
} from '../../../shared/sources/index.ts'
import { UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { textOf } from '../../input-file.ts'
import { notify, printJson, readInput } from '../../output.ts'
import { deliveryOf, headersIn, lowerCase } from '../../webhook-body.ts'

interface Options {
  source?: string
  account?: string
  headers?: string
  mapping?: string
  batch?: boolean
  json?: boolean
}

interface Item {
  readonly name?: unknown
  readonly source?: unknown
  readonly account?: unknown
  readonly headers?: unknown
  readonly body?: unknown
}

const mapped = (source: Source, raw: RawDelivery) => {
  try {
    const { events, ignored, failed } = source.map(raw)
    return { events, ignored, failed }
  } catch (error) {
    if (error instanceof DeliveryUnreadable) return { error: error.message }
    throw error
  }
}

/** @param own the mapping that was given; an item without a source is its */
const mapItem = (item: Item, own: Source | undefined, sources: SourceRegistry): object => {
  const { name, source, account, headers, body } = item
  const known =
    source === undefined || source === own?.name ? own : sources.get(typeof source === 'string' ? source : '')
  if (!known) return { name, error: `no mapping for this source; there are: ${sources.names().join(', ')}` }
  if (typeof body !== 'string') return { name, error: 'body must be a string' }
  return {
    name,
    ...mapped(known, deliveryOf(known.name, body, typeof account === 'string' ? account : null, lowerCase(headers))),
  }
}

const itemIn = (line: string): Item | null => {
  try {
    const item: unknown = JSON.parse(line)
    return typeof item === 'object' && item !== null ? item : null
  } catch {
    return null
  }
}

const mapBatch = async (own: Source | undefined, sources: SourceRegistry) => {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    const item = itemIn(line)
    printJson(item ? mapItem(item, own, sources) : { name: null, error: 'the line is not a JSON object' })
  }
}

const mapOne = async ({ source, account, headers }: Options, own: Source | undefined, sources: SourceRegistry) => {
  const name = own?.name ?? source
  if (!name) throw new UsageError('say whose webhook it is: --source NAME')
  if (source !== undefined && source !== name)
    notify(`signals: the mapping is that of ${name}, not of ${source}; it is used all the same`)
  const known = own ?? sources.get(name)
  if (!known) throw new UsageError(`no mapping for source ${name}; there are: ${sources.names().join(', ')}`)
  const given = headers ? headersIn(textOf(headers, 'file of request headers')) : {}
  const result = mapped(known, deliveryOf(name, await readInput(), account ?? null, given))
  printJson(result)
  if ('error' in result) process.exitCode = 1
}

export const register = (program: Command) => {
  program
    .command('map')
    .description('read one webhook body on standard input, print {events, ignored, failed}; nothing else runs')
    .option('--source <name>', 'whose webhook it is')
    .option('--account <id>', 'the account, where only the address names it')
    .option('--headers <file>', 'JSON object of request headers')
    .option('--mapping <file>', 'a mapping of your own, in place of the one there is for its source')
    .option(
      '--batch',
      'JSON lines {name, source, account?, headers?, body} in, {name, events, ignored, failed} or {name, error} out',
    )
    .option('--json', 'as every command has it; the answer is JSON anyway')
    .action(async (options: Options) => {
      const { mapping, batch } = options
      const own = mapping ? parseMapping(textOf(mapping, 'mapping'), mapping) : undefined
      const sources = loadSources({ folder: ownMappings() })
      for (const { problem } of sources.report().refused) notify(`signals: refused: ${problem}`)
      return batch ? mapBatch(own, sources) : mapOne(options, own, sources)
    })
}
