/** `signals connectors check`: what is wrong with the events of a connector. */
import type { Command } from 'commander'
import { BadRecord, failures } from '../../../failures.ts'
import { partitionOf } from '../../../runtime/adapters/kafka/platformatic/wire/murmur2.ts'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { decodeChannelEvent, messageEventSource, sealedUnder } from '../../../shared/model/channel-event.ts'
import { splitLines } from '../../../shared/text/split-lines.ts'
import { type ConnectorCheck, ConnectorChecker, type WrittenEvent } from '../../../tools/connectors/check.ts'
import { lastRecords } from '../../../tools/connectors/last-records.ts'
import { sandboxProblemOf, sandboxSignals } from '../../../tools/connectors/sandbox.ts'
import { topics } from '../../../topology.ts'
import { withContext } from '../../context.ts'
import { exitCodes, UsageError } from '../../exit.ts'
import { streamIn } from '../../input-file.ts'
import { notify, print, printJson, table } from '../../output.ts'

interface Flags {
  file?: string
  last: string
  source?: string
  sandbox?: string
  json?: boolean
}

const jsonIn = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

type Decoded = Pick<WrittenEvent, 'value' | 'refusal'>

const decodedIn = (value: Buffer, codec: Codec): Decoded => {
  try {
    return { value: codec.isAvro(value) ? codec.decodeMessageEvent(value) : jsonIn(value.toString()) }
  } catch (error) {
    if (!(error instanceof BadRecord)) return { value: undefined }
    const { code, detail } = error.failure
    return { value: undefined, refusal: { what: `${code}: ${detail}`, remedy: failures[code].help } }
  }
}

/** A header `source` says that the record is a webhook delivery of that source. */
const asDelivery: Decoded = {
  value: undefined,
  refusal: {
    what: 'a header `source` makes the record a webhook delivery: a dead letter',
    remedy: 'leave the header out; the event itself names its source',
  },
}
const isDelivery = (record: ConsumedRecord) => decodeChannelEvent(record).source !== messageEventSource

const isOf = (source: string | undefined, value: unknown) =>
  source === undefined || (value as { source?: unknown } | undefined)?.source === source

const checkFile = async (file: string, source: string | undefined): Promise<ConnectorCheck> => {
  const checker = new ConnectorChecker(null)
  let line = 0
  for await (const text of splitLines(streamIn(file, 'file of message events').setEncoding('utf8'))) {
    line += 1
    const value = jsonIn(text)
    if (text.trim() !== '' && isOf(source, value)) checker.add({ place: `line ${line}`, value })
  }
  return checker.result()
}

/** What the gateway writes is sealed. */
const isWrittenByConnector = (record: ConsumedRecord) => record.value !== null && sealedUnder(record) === undefined

const checkTopic = (count: number, source: string | undefined): Promise<ConnectorCheck> =>
  withContext(async ({ broker, codec: openCodec }) => {
    const codec = await openCodec()
    const directory = await readConnections(broker(), codec)
    const checker = new ConnectorChecker((name, account) => directory.byAccount(name, account) !== undefined)
    const { records, partitions } = await lastRecords(broker(), topics.channelEvents.name, count)
    await codec.prepare(records)
    for (const record of records.filter(isWrittenByConnector)) {
      const { topic, partition, offset, key } = record
      const decoded = isDelivery(record) ? asDelivery : decodedIn(record.value as Buffer, codec)
      if (!isOf(source, decoded.value)) continue
      const expected = key === null ? {} : { expectedPartition: partitionOf(key, partitions) }
      const place = `${topic}/${partition}/${offset}`
      checker.add({ ...decoded, place, writtenAt: record.timestamp, key, partition, ...expected })
    }
    return checker.result()
  })

const show = ({ events, accounts, conversations, starts, withReferral, problems }: ConnectorCheck) => {
  print(`${events} events, ${accounts} accounts, ${conversations} conversations`)
  print(
    `${starts} conversations that a person starts, ${withReferral} of them with a referral or link before or in the start`,
  )
  if (events > 0 && problems.length === 0) print('good: nothing is wrong with these events')
  for (const { verdict, what, remedy, count, first } of problems)
    print(
      `${verdict.padEnd(7)}  ${what}\n         ${count === 1 ? 'once, at' : `${count} times, first at`} ${first}; ${remedy}`,
    )
}

/** Signals of a sandbox connection; the exit code tells whether there are any. */
const checkSandbox = (connectionId: string, count: number, json: boolean | undefined) =>
  withContext(async ({ broker, codec: openCodec }) => {
    const codec = await openCodec()
    const problem = sandboxProblemOf(connectionId, (await readConnections(broker(), codec)).byId(connectionId))
    if (problem !== null) throw new UsageError(problem)
    const signals = await sandboxSignals(broker(), codec, connectionId, count)
    if (signals.length === 0) process.exitCode = exitCodes.failed
    if (json) return printJson(signals)
    const rows = signals.map(({ kind, event, flags, value, currency, hasTrackingId, occurredAt, outcome }) => [
      new Date(occurredAt).toISOString(),
      [event ?? kind, ...flags].join(' '),
      hasTrackingId ? 'yes' : 'no',
      [value ?? '', currency ?? ''].join(' ').trim(),
      outcome,
    ])
    print(`${signals.length} signals of the sandbox ${connectionId} were decided; none is sent`)
    if (rows.length > 0) print(table([['message of', 'signal', 'tracking ID', 'value', 'outcome'], ...rows]))
    else print('no message led to one yet: run it without --sandbox, which judges the events')
  })

const check = async ({ file, last, source, sandbox, json }: Flags) => {
  const count = Number(last)
  if (!Number.isInteger(count) || count < 1 || count > 1_000_000)
    throw new UsageError('--last must be a whole number from 1 to 1000000')
  if (sandbox !== undefined) return checkSandbox(sandbox, count, json)
  const result = file === undefined ? await checkTopic(count, source) : await checkFile(file, source)
  if (json) printJson(result)
  else show(result)
  if (file !== undefined && result.events === 0) {
    notify(
      `signals: ${file} holds no event${source === undefined ? '' : ` of ${source}`}: write one message event as JSON on each line`,
    )
    process.exitCode = exitCodes.failed
  }
  if (file === undefined && result.events === 0)
    notify('no event that a connector wrote to Kafka is among these records; events by HTTP are judged in the answer')
  if (result.problems.some(({ verdict }) => verdict === 'error')) process.exitCode = exitCodes.failed
}

export const register = (program: Command) => {
  program
    .command('connectors')
    .description('what connectors write')
    .command('check')
    .description('judge the last events that connectors wrote to Kafka, or a file of them')
    .option('--file <file>', 'NDJSON with one message event a line; - is standard input')
    .option('--last <n>', 'how many records of the topic', '10000')
    .option('--source <source>', 'events of this source only')
    .option('--sandbox <connection>', 'show the signals of a connection with "sandbox": true')
    .option('--json', 'one JSON value')
    .action(check)
}
