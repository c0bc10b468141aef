/** The tools of an explanation, from what a command or the control plane has. Reads the small topics of settings at each call. */
import { openCrossSourceDedup, openDedup } from '../../ingest/claims/claims.ts'
import { openContactThreads } from '../../ingest/contacts/contact-threads.ts'
import { knownWays } from '../../ingest/order/ways.ts'
import { quarantinedAccounts } from '../../ingest/quarantine/quarantined-accounts.ts'
import { readLists } from '../../keywords/lists/store.ts'
import { readRuleSets } from '../../keywords/rules/store.ts'
import type { Envelopes } from '../../runtime/keys/envelopes.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import { type Broker, DependencyError, type RedisCommands } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import { RedisConversationStore } from '../../shared/conversations/store.ts'
import { Suppressions } from '../../shared/persons/suppressions.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { topics } from '../../topology.ts'
import type { ExplainTools } from './explain.ts'

export interface ExplainParts {
  readonly broker: Broker
  readonly codec: Codec
  readonly keyring: Keyring
  readonly redis: RedisCommands
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
  readonly envelopes: Pick<Envelopes, 'open'>
  readonly settings: ExplainTools['settings']
}

/** null: Redis does not answer. */
const quarantinedIn = async (redis: RedisCommands) => {
  try {
    return await quarantinedAccounts(redis)
  } catch (error) {
    if (error instanceof DependencyError) return null
    throw error
  }
}

/** @throws DependencyError */
export const openExplainTools = async (parts: ExplainParts): Promise<ExplainTools> => {
  const { broker, codec, keyring, redis } = parts
  const suppressions = new Suppressions(keyring)
  const readSuppressions = readWhole(broker, topics.suppressions.name, async (record) => {
    await codec.prepare([record])
    if (record.key !== null)
      suppressions.apply(record.key, record.value === null ? null : codec.decode('suppressions', record))
  })
  const [lists, ruleSets] = await Promise.all([readLists(broker, codec), readRuleSets(broker, codec), readSuppressions])
  return {
    ...parts,
    suppressions,
    lists,
    ruleSets,
    store: new RedisConversationStore(redis, 0),
    buckets: { event: openDedup(redis), crossSource: openCrossSourceDedup(redis) },
    contacts: openContactThreads(redis),
    ways: (connectionId, now) => knownWays(connectionId, redis, now),
    quarantined: () => quarantinedIn(redis),
  }
}
