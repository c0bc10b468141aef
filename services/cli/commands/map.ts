import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import {
  DeliveryUnreadable,
  loadSources,
  parseMapping,
  type RawDelivery,
  type Source,
  type SourceRegistry,
} from '../../sources/index.ts'
import { UsageError } from '../exit.ts'
import { printJson, readInput } from '../output.ts'

interface Options {
  source?: string
  account?: string
  headers?: string
  mapping?: string
  batch?: boolean
}

interface Item {
  readonly name?: unknown
  readonly source?: unknown
  readonly account?: unknown
  readonly headers?: unknown
  readonly body?: unknown
}

const lowerCase = (headers: unknown): Record<string, string> =>
  typeof headers === 'object' && headers !== null
    ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
    : {}

const delivery = (
  source: string,
  body: string,
  account: string | null,
  headers: Record<string, string>,
): RawDelivery => ({
  source,
  account,
  headers,
  contentType: headers['content-type'] ?? null,
  body: Buffer.from(body),
  receivedAt: Date.now(),
})

const mapped = (source: Source, raw: RawDelivery) => {
  try {
    return source.map(raw)
  } catch (error) {
    if (error instanceof DeliveryUnreadable) return { error: error.message }
    throw error
  }
}

const mapItem = ({ name, source, account, headers, body }: Item, sources: SourceRegistry): object => {
  const known = sources.get(String(source))
  if (!known) return { name, error: `no mapping for this source; there are: ${sources.names().join(', ')}` }
  if (typeof body !== 'string') return { name, error: 'body must be a string' }
  return {
    name,
    ...mapped(known, delivery(known.name, body, typeof account === 'string' ? account : null, lowerCase(headers))),
  }
}

const mapBatch = async (sources: SourceRegistry) => {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim() === '') continue
    let item: Item
    try {
      item = JSON.parse(line) as Item
    } catch {
      printJson({ name: null, error: 'the line is not JSON' })
      continue
    }
    printJson(mapItem(item, sources))
  }
}

export const register = (program: Command) => {
  program
    .command('map')
    .description('read one webhook body on standard input, print {events, ignored, failed}; nothing else runs')
    .option('--source <name>', 'whose webhook it is')
    .option('--account <id>', 'the account, where only the address names it')
    .option('--headers <file>', 'JSON object of request headers')
    .option('--mapping <file>', 'a mapping of your own in place of the shipped one')
    .option(
      '--batch',
      'JSON lines {name, source, account?, headers?, body} in, {name, events, ignored, failed} or {name, error} out',
    )
    .action(async ({ source, account, headers, mapping, batch }: Options) => {
      const own = mapping ? parseMapping(readFileSync(mapping, 'utf8'), mapping) : undefined
      const shipped = loadSources({ folder: process.env.SIGNALS_MAPPINGS_DIR })
      const sources: SourceRegistry = own
        ? {
            get: (name) => (name === own.name ? own : shipped.get(name)),
            names: () => [...new Set([own.name, ...shipped.names()])],
          }
        : shipped
      if (batch) return mapBatch(sources)
      const name = source ?? own?.name
      if (!name) throw new UsageError('say whose webhook it is: --source NAME')
      const known = sources.get(name)
      if (!known) throw new UsageError(`no mapping for source ${name}; there are: ${sources.names().join(', ')}`)
      const given = headers ? lowerCase(JSON.parse(readFileSync(headers, 'utf8'))) : {}
      const result = mapped(known, delivery(name, await readInput(), account ?? null, given))
      printJson(result)
      if ('error' in result) process.exitCode = 1
    })
}
