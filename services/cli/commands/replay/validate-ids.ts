/** Validates ids given to `signals replay`. An unknown id is an error; otherwise it would look like an empty result. */
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import { topicOf } from '../../../tools/replay/input/offset-range.ts'
import { endOffsetsOf } from '../../../tools/replay/plan/already-reported.ts'
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
  const known = Object.keys(await endOffsetsOf(broker(), topic)).map(Number)
  if (!known.includes(partition))
    throw new UsageError(`--partition: ${topic} has the partitions ${known.join(', ')}, not ${partition}`)
}

/** Checks connections and sources. @throws UsageError */
export const checkIds = (
  request: Pick<ReplayRequest, 'connection' | 'source' | 'where'>,
  connections: readonly ConnectionRecord[],
) => {
  const known = {
    connection: new Set(connections.map(({ connectionId }) => connectionId)),
    source: new Set(connections.map(({ source }) => source)),
  }
  const check = (option: string, field: 'connection' | 'source', value: string) => {
    if (known[field].has(value)) return
    const what = field === 'connection' ? `no connection ${value}` : `no connection of the source ${value}`
    throw new UsageError(`${option}: there is ${what}; see: signals connections list`)
  }
  if (request.connection !== null) check('--connection', 'connection', request.connection)
  if (request.source !== null) check('--source', 'source', request.source)
  for (const { field, values } of request.where)
    if (field === 'connection' || field === 'source')
      for (const value of values) check(`--where ${field}`, field, value)
}
