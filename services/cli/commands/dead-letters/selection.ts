/** Turns the command's options into conditions, and finds the dead letters that meet them. */
import { failures } from '../../../failures.ts'
import { readConnections } from '../../../shared/connections/store.ts'
import { loadSources } from '../../../shared/sources/index.ts'
import type { FoundDeadLetter } from '../../../tools/dead-letters/found.ts'
import { type Conditions, noConditions } from '../../../tools/dead-letters/select.ts'
import { type DeadLetterTools, findDeadLetters } from '../../../tools/dead-letters/store.ts'
import { consumerStages } from '../../../topology.ts'
import type { CliContext } from '../../context.ts'
import { UsageError } from '../../exit.ts'
import { ownMappings } from '../../folders.ts'
import { timeOf } from '../../times.ts'

export interface SelectionFlags {
  stage?: string
  code?: string
  source?: string
  connection?: string
  from?: string
  to?: string
  json?: boolean
}

const idForm = /^[a-z0-9._-]+\/\d+\/\d+$/

/** @throws UsageError */
export const conditionsOf = (flags: SelectionFlags, ids: readonly string[] = []): Conditions => {
  const { stage, code, source, connection, from, to } = flags
  if (stage !== undefined && !(consumerStages as readonly string[]).includes(stage))
    throw new UsageError(`--stage must be one of ${consumerStages.join(', ')}`)
  if (code !== undefined && !(code in failures))
    throw new UsageError(`--code must be one of ${Object.keys(failures).join(', ')}`)
  const malformed = ids.find((id) => !idForm.test(id))
  if (malformed !== undefined)
    throw new UsageError(
      `"${malformed}" is not the id of a dead letter: use TOPIC/PARTITION/OFFSET or STAGE/PARTITION/OFFSET, see list`,
    )
  return {
    ...noConditions,
    ids,
    stage: stage ?? null,
    code: code ?? null,
    source: source ?? null,
    connection: connection ?? null,
    from: from === undefined ? null : timeOf('--from', from),
    to: to === undefined ? null : timeOf('--to', to),
  }
}

export const openTools = async ({ broker, codec, envelopes, prefix }: CliContext): Promise<DeadLetterTools> => {
  const directory = await readConnections(broker(), await codec())
  return {
    broker: broker(),
    codec: await codec(),
    envelopes: await envelopes((id) => directory.byId(id)),
    directory,
    sources: loadSources(ownMappings()),
    prefix,
  }
}

/** @throws UsageError for an unknown connection: otherwise it would look like one without dead letters; DependencyError */
export const selectedBy = (tools: DeadLetterTools, conditions: Conditions): Promise<readonly FoundDeadLetter[]> => {
  const { connection } = conditions
  if (connection !== null && !tools.directory.byId(connection))
    throw new UsageError(`--connection: there is no connection ${connection}; see: signals connections list`)
  return findDeadLetters(tools, conditions)
}
