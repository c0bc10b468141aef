/**
 * Under which key a webhook delivery lies in `channel-events.v1`. The account's key keeps all of its deliveries in order, in one
 * partition. An account that is too large for one (GATEWAY_SPREAD_ACCOUNTS) spreads by conversations.
 */
import type { Keyring } from '../runtime/keys/keyring.ts'
import type { Connection } from '../shared/connections/directory.ts'
import { DeliveryUnreadable, type MappingResult, type RawDelivery, type Source } from '../shared/sources/source.ts'

/** `<source>/<account>`, as GATEWAY_SPREAD_ACCOUNTS has it. */
export type SpreadAccounts = ReadonlySet<string>

/** Bytes of a body that the gateway maps to find its conversation: a hostile one of this size takes some milliseconds. */
const maxMapped = 65_536

export interface RecordKey {
  /** null: any partition. */
  readonly key: string | null
  /** Whether the key is that of a conversation, though the account's other deliveries may lie elsewhere. */
  readonly isSpread: boolean
}

/** null: the gateway does not map it. */
const mapped = (source: Source, delivery: RawDelivery, connection: Connection | undefined): MappingResult | null => {
  if (delivery.body.length > maxMapped) return null
  try {
    return source.map({ ...delivery, outcomeKeysOf: () => connection?.outcomeKeys ?? [] })
  } catch (error) {
    // Ingest judges it, as it judges all others.
    if (error instanceof DeliveryUnreadable) return null
    throw error
  }
}

/** @param body the part of the delivery that is the account's */
export const recordKeyOf = (
  source: Source,
  account: string | null,
  delivery: RawDelivery,
  body: Buffer,
  tools: {
    readonly keyring: Pick<Keyring, 'recordKey'>
    readonly spread: SpreadAccounts
    readonly connection: Connection | undefined
  },
): RecordKey => {
  if (account === null) return { key: null, isSpread: false }
  const ofAccount = { key: tools.keyring.recordKey('account', source.name, account), isSpread: false }
  if (!tools.spread.has(`${source.name}/${account}`)) return ofAccount
  const found = mapped(source, { ...delivery, body }, tools.connection)
  if (found === null || found.failed.length > 0 || found.removed !== undefined) return ofAccount
  const conversations = new Set([...found.events, ...(found.joined ?? [])].map((event) => event.conversationId))
  // Receipts and the like: nothing follows from them, so they need no order.
  if (conversations.size === 0) return { key: null, isSpread: true }
  const [conversation = ''] = conversations
  // One record has one partition: the order of its conversations among their other deliveries is then ingest's to mark.
  if (conversations.size > 1) return ofAccount
  return { key: tools.keyring.recordKey('conversation', source.name, account, conversation), isSpread: true }
}
