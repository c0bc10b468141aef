/** Names that stand in the options of `signals replay`, looked up: one that nobody has must not pass for one of which nothing is new. */
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import { topicOf } from '../../../tools/replay/input/offset-range.ts'
import { endsOf } from '../../../tools/replay/plan/already-reported.ts'
import type { ReplayRequest } from '../../../tools/replay/request.ts'
import { topics } from '../../../topology.ts'
import type { CliContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'

/** @throws UsageError */
export const checkPartition = async (
  { entry, offsets }: Pick<ReplayRequest, 'entry' | 'offsets'>,
  { broker }: CliContext,
) => {
  const partition = offsets?.partition ?? null
  if (partition === null) return
  const topic = topics[topicOf(entry)].name
  const known = Object.keys(await endsOf(broker(), topic)).map(Number)
  if (!known.includes(partition))
    throw new UsageError(`--partition: ${topic} has the partitions ${known.join(', ')}, not ${partition}`)
}

/** A name that nobody has must not pass for one of which nothing is new. @throws UsageError */
export const checkNames = (
  asked: Pick<ReplayRequest, 'connection' | 'source' | 'where'>,
  all: readonly ConnectionRecord[],
) => {
  const known = {
    connection: new Set(all.map(({ connectionId }) => connectionId)),
    source: new Set(all.map(({ source }) => source)),
  }
  const check = (option: string, field: 'connection' | 'source', value: string) => {
    if (known[field].has(value)) return
    const what = field === 'connection' ? `no connection ${value}` : `no connection of the source ${value}`
    throw new UsageError(`${option}: there is ${what}; see: signals connections list`)
  }
  if (asked.connection !== null) check('--connection', 'connection', asked.connection)
  if (asked.source !== null) check('--source', 'source', asked.source)
  for (const { field, values } of asked.where)
    if (field === 'connection' || field === 'source')
      for (const value of values) check(`--where ${field}`, field, value)
}
