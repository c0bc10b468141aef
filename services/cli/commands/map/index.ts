/** `signals map`: maps webhook bodies on standard input to message events; needs no running pipeline. */

import type { Command } from 'commander'
import {
  DeliveryUnreadable,
  loadSources,
  parseMapping,
  type RawDelivery,
  type Source,
  type SourceRegistry,
} from '../../../shared/sources/index.ts'
import { splitLines } from '../../../shared/text/split-lines.ts'
import { UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { textOf } from '../../input-file.ts'
import { notify, printJson, readInput } from '../../output.ts'
import { deliveryOf, headersIn, lowerCase } from '../mappings/webhook-body.ts'

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

const mapDelivery = (source: Source, raw: RawDelivery) => {
  try {
    const { events, ignored, failed, joined } = source.map(raw)
    return { events, ignored, failed, ...(joined === undefined ? {} : { joined }) }
  } catch (error) {
    if (error instanceof DeliveryUnreadable) return { error: error.message }
    throw error
  }
}

/** @param own the mapping of --mapping; used for items of its source and items without a source */
const mapItem = (item: Item, own: Source | undefined, sources: SourceRegistry): object => {
  const { name, source, account, headers, body } = item
  const known =
    source === undefined || source === own?.name ? own : sources.get(typeof source === 'string' ? source : '')
  if (!known) return { name, error: `no mapping for this source; there are: ${sources.names().join(', ')}` }
  if (typeof body !== 'string') return { name, error: 'body must be a string' }
  return {
    name,
    ...mapDelivery(
      known,
      deliveryOf(known.name, body, typeof account === 'string' ? account : null, lowerCase(headers)),
    ),
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
  for await (const line of splitLines(process.stdin.setEncoding('utf8'))) {
    if (line.trim() === '') continue
    const item = itemIn(line)
    printJson(item ? mapItem(item, own, sources) : { name: null, error: 'the line is not a JSON object' })
  }
}

const mapOne = async ({ source, account, headers }: Options, own: Source | undefined, sources: SourceRegistry) => {
  const name = own?.name ?? source
  if (!name) throw new UsageError('name the source of the webhook: --source NAME')
  if (source !== undefined && source !== name)
    notify(`signals: the mapping is of source ${name}, not of ${source}; it is used anyway`)
  const known = own ?? sources.get(name)
  if (!known) throw new UsageError(`no mapping for source ${name}; there are: ${sources.names().join(', ')}`)
  const given = headers ? headersIn(textOf(headers, 'file of request headers')) : {}
  const result = mapDelivery(known, deliveryOf(name, await readInput(), account ?? null, given))
  printJson(result)
  if ('error' in result) process.exitCode = 1
}

export const register = (program: Command, env: NodeJS.ProcessEnv) => {
  program
    .command('map')
    .description('read one webhook body on standard input, print {events, ignored, failed}')
    .option('--source <name>', 'source of the webhook')
    .option('--account <id>', 'the account, if only the URL names it')
    .option('--headers <file>', 'JSON object of request headers')
    .option('--mapping <file>', 'a mapping file, in place of the mapping of its source')
    .option(
      '--batch',
      'JSON lines {name, source, account?, headers?, body} in, {name, events, ignored, failed} or {name, error} out',
    )
    .option('--json', 'no effect; the output is always JSON')
    .action(async (options: Options) => {
      const { mapping, batch } = options
      const own = mapping ? parseMapping(textOf(mapping, 'mapping'), mapping) : undefined
      const sources = loadSources(ownMappings(env))
      for (const { problem } of sources.report().refused) notify(`signals: refused: ${problem}`)
      return batch ? mapBatch(own, sources) : mapOne(options, own, sources)
    })
}
