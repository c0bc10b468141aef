/** Makes the changes of connections that ingest and dispatch ask for. */
import { BadRecord } from '../failures.ts'
import { errorFacts, type Logger } from '../runtime/log.ts'
import type { Metrics } from '../runtime/metrics/metrics.ts'
import { type Broker, type ConsumedRecord, DependencyError, type RunningConsumer } from '../runtime/ports.ts'
import type { Codec } from '../runtime/topics/codec.ts'
import { applyRequest } from '../shared/connections/requests/apply.ts'
import type { ConnectionWriter } from '../shared/connections/writer.ts'
import { requestKinds } from '../shared/model/connection-record.ts'
import { topics } from '../topology.ts'

const group = 'signals-control-requests'
/** Between two attempts while Kafka does not take a change. */
const retryMs = 5_000

interface Tools {
  /** Passes on signed records only. */
  readonly broker: Pick<Broker, 'consume'>
  readonly codec: Pick<Codec, 'prepare' | 'decode'>
  readonly writer: Pick<ConnectionWriter, 'change'>
  readonly metrics: Pick<Metrics, 'count'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

const results = ['changed', 'unchanged', 'unknown'] as const

const applyOne = async (record: ConsumedRecord, { codec, writer, metrics, log }: Tools): Promise<void> => {
  const count = (kind: string, result: (typeof results)[number]) =>
    metrics.count('signals_connection_requests_total', { kind, result })
  try {
    await codec.prepare([record])
    const request = codec.decode('connectionRequests', record)
    const changed = await applyRequest(request, writer)
    const { kind, connectionId, code } = request
    if (changed === null) {
      count('other', 'unknown')
      log.error({ kind, connectionId }, 'a stage of another version asks for an unknown change: update control')
      return
    }
    count(kind, changed ? 'changed' : 'unchanged')
    if (changed) log.info({ kind, connectionId, code }, 'changed a connection as a stage asked')
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    count('other', 'unknown')
    log.error({ offset: String(record.offset), code: error.failure.code }, 'skipped an undecodable request')
  }
}

/** @throws DependencyError */
export const startConnectionRequests = (tools: Tools): Promise<RunningConsumer> => {
  // Initialise to 0 so that increase() sees the first event.
  for (const kind of requestKinds)
    tools.metrics.count('signals_connection_requests_total', { kind, result: 'changed' }, 0)
  return tools.broker.consume({
    group,
    topics: [topics.connectionRequests.name],
    from: 'earliest',
    onBatch: async ({ records }) => {
      for (const [processed, record] of records.entries()) {
        try {
          await applyOne(record, tools)
        } catch (error) {
          if (!(error instanceof DependencyError)) throw error
          tools.log.warn(errorFacts(error), 'a change that a stage asked for was not made; tried again')
          return { processed, pauseMs: retryMs }
        }
      }
      return undefined
    },
  })
}
