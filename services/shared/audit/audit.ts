/** The audit trail: who asked for what. Appended before the work begins, so that work without an entry does not happen. */
import { decodable } from '../../failures.ts'
import type { Broker, Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { AuditEntry } from '../model/audit.ts'

const topic = topics.audit.name

/** @throws DependencyError */
export const appendAudit = (
  producer: Pick<Producer, 'send'>,
  codec: Pick<Codec, 'encode'>,
  entry: AuditEntry,
): Promise<void> => producer.send([{ topic, key: entry.action, value: codec.encode('audit', entry) }])

export interface AuditQuery {
  readonly actor?: string | undefined
  /** An action, or its first part: `keywords` means all actions on keyword lists. */
  readonly action?: string | undefined
  readonly target?: string | undefined
  /** Entries of actors that are bound to this tenant. */
  readonly tenant?: string | undefined
  /** ms; included */
  readonly from?: number | undefined
  /** ms; not included */
  readonly to?: number | undefined
  readonly limit: number
}

export const isAsked = (entry: AuditEntry, { actor, action, target, tenant, from, to }: AuditQuery): boolean =>
  (actor === undefined || entry.actor === actor) &&
  (action === undefined || entry.action === action || entry.action.startsWith(`${action}.`)) &&
  (target === undefined || entry.target === target) &&
  (tenant === undefined || entry.tenant === tenant) &&
  entry.at >= (from ?? 0) &&
  entry.at < (to ?? Number.POSITIVE_INFINITY)

/** The newest entries that the query asks for, oldest first. @throws DependencyError */
export const readAudit = async (broker: Broker, codec: Codec, query: AuditQuery): Promise<readonly AuditEntry[]> => {
  let found: AuditEntry[] = []
  await readInBatches(broker, topic, async (records) => {
    await codec.prepare(records)
    for (const record of records) {
      const entry = decodable(() => codec.decode('audit', record))
      if (entry && isAsked(entry, query)) found.push(entry)
    }
    if (found.length > 2 * query.limit) found = found.slice(-query.limit)
  })
  return found.slice(-query.limit)
}
