/** The dead letter of a delivery with unmappable items: one, which lists them, since it holds the whole record. Consent comes first. */

import { BadRecord } from '../failures.ts'
import { deadLetter, drop, type FailedItem, type Outcome } from '../runtime/batch/outcome.ts'
import { receivedAtOf } from '../runtime/batch/record-headers.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import { receivedUnderConsent } from '../shared/connections/consent.ts'
import type { Connection } from '../shared/connections/directory.ts'
import { sealedUnder } from '../shared/model/channel-event.ts'
import { connectionOfKeyId } from '../shared/model/key-ids.ts'
import { namedAccountOf } from './delivery.ts'
import type { IngestTools } from './stage.ts'

/** Different failures that a dead letter lists; the last one counts the rest. */
const maxLines = 100

interface UnmappableItem {
  readonly rule: string
  readonly reason: string
}

/** Equal failures once, with their number. */
const linesOf = (source: string, failed: readonly UnmappableItem[]): FailedItem[] => {
  const counts = new Map<string, number>()
  for (const { rule, reason } of failed) {
    const detail = `${source}, rule ${rule}: ${reason}`
    counts.set(detail, (counts.get(detail) ?? 0) + 1)
  }
  const lines = Array.from(counts, ([detail, count]): FailedItem => ({ detail, count }))
  if (lines.length <= maxLines) return lines
  const rest = lines.slice(maxLines - 1).reduce((sum, { count }) => sum + count, 0)
  return [...lines.slice(0, maxLines - 1), { detail: `${source}: other items of this delivery`, count: rest }]
}

/** By the key of the seal, else by the account that the record names. */
export const connectionOfRecord = (record: ConsumedRecord, { directory, codec }: IngestTools): string | undefined => {
  const sealed = connectionOfKeyId(sealedUnder(record))
  if (sealed !== undefined) return sealed
  const named = namedAccountOf(record, codec)
  if (!named || named.accountId === null) return undefined
  return directory.byAccount(named.source, named.accountId)?.connectionId
}

/** The reason for which nothing of an account is kept; null: there is consent, or the record does not tell whose it is. */
type Refusal = 'no_connection' | 'disconnected' | 'outside_consent' | null

export const refusalOf = (
  record: ConsumedRecord,
  { directory, codec, withdrawals }: Pick<IngestTools, 'directory' | 'codec' | 'withdrawals'>,
): Refusal => {
  const sealedTo = connectionOfKeyId(sealedUnder(record))
  let connection: Connection | undefined
  if (sealedTo === undefined) {
    const named = namedAccountOf(record, codec)
    if (named === undefined || named.accountId === null) return null
    connection = directory.byAccount(named.source, named.accountId)
  } else connection = directory.byId(sealedTo)
  if (connection === undefined) return 'no_connection'
  if (connection.status === 'disconnected' || withdrawals?.hasEnded(connection)) return 'disconnected'
  return receivedUnderConsent({ receivedAt: receivedAtOf(record) }, connection) ? null : 'outside_consent'
}

/** For items that cannot be mapped: one dead letter of their record, or a drop each where no consent covers it. */
export const failedItems = (
  source: string,
  failed: readonly UnmappableItem[],
  record: ConsumedRecord,
  tools: IngestTools,
): Outcome[] => {
  const [first] = failed
  if (first === undefined) return []
  const refusal = refusalOf(record, tools)
  if (refusal !== null) return failed.map(() => drop(refusal))
  const more = failed.length === 1 ? '' : `; and ${failed.length - 1} more items of this delivery`
  return [
    deadLetter('item_unmappable', `${source}, rule ${first.rule}: ${first.reason}${more}`, linesOf(source, failed)),
  ]
}

/**
 * Decodes a record whose account has consent.
 * @returns the refusal, where a record that cannot be read has none: it is dropped, not kept as a dead letter
 * @throws BadRecord
 */
export const readUnderConsent = <T>(
  record: ConsumedRecord,
  tools: IngestTools,
  read: () => T,
): T | (Refusal & string) => {
  try {
    return read()
  } catch (error) {
    const refusal = error instanceof BadRecord ? refusalOf(record, tools) : null
    if (refusal === null) throw error
    return refusal
  }
}
