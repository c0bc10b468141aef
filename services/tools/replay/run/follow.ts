/** Follows connections and suppressions, so that a run applies the present ones, and runs, so that it sees when another process ends it. */

import type { Envelopes } from '../../../runtime/keys/envelopes.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { Broker, RunningConsumer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { Suppressions } from '../../../shared/persons/suppressions.ts'
import { topics } from '../../../topology.ts'
import type { RunRecord } from './run-record.ts'

export interface FollowTools {
  readonly broker: Broker
  readonly codec: Codec
  readonly keyring: Keyring
  readonly envelopes: Pick<Envelopes, 'forget'>
  readonly suppressions: Pick<Suppressions, 'apply'>
}

/** Resolves once all three topics are read to their ends. @throws DependencyError */
export const followRun = (
  directory: ConnectionDirectory,
  runRecord: RunRecord,
  { broker, codec, keyring, envelopes, suppressions }: FollowTools,
): Promise<RunningConsumer> =>
  broker.follow([topics.connections.name, topics.replays.name, topics.suppressions.name], async (record) => {
    if (record.key === null) return
    await codec.prepare([record])
    if (record.topic === topics.suppressions.name) {
      suppressions.apply(record.key, record.value === null ? null : codec.decode('suppressions', record))
      return
    }
    if (record.topic === topics.replays.name) {
      if (record.value !== null) runRecord.follow(codec.decode('replays', record))
      return
    }
    const connection = record.value === null ? null : codec.decode('connections', record)
    directory.apply(record.key, connection)
    if (connection?.dataKey) return
    keyring.forgetConnection(record.key)
    envelopes.forget(record.key)
  })
