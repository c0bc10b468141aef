/** Opens the sealed record of a dead letter: to redrive it, to select by source or connection, and to probe it. It is never printed. */

import { parseMessageEvent } from '../../ingest/delivery.ts'
import { positionOf } from '../../runtime/batch/dead-letter.ts'
import { receivedAtOf } from '../../runtime/batch/record-headers.ts'
import { BadRecord } from '../../runtime/failures.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import {
  decodeChannelEvent,
  isSealed,
  messageEventSource,
  openChannelEvent,
  sourceOfKeyId,
} from '../../shared/model/channel-event.ts'
import type { DeadLetter, OriginalRecord } from '../../shared/model/dead-letter.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { topics } from '../../topology.ts'

/** The original record, with its topic, partition and offset. @throws SealBroken under another master key; BadRecord */
export const openOriginal = (deadLetter: DeadLetter, codec: Codec, keyring: Keyring): ConsumedRecord => {
  const name = sourceOfKeyId(deadLetter.keyId)
  if (!name) throw new BadRecord('headers_invalid', 'keyId names no key of a source')
  const opened = keyring.sourceKey(name).open(deadLetter.original, positionOf(deadLetter))
  const original: OriginalRecord = codec.decodeOriginal(opened)
  return {
    topic: deadLetter.topic,
    partition: deadLetter.partition,
    offset: BigInt(deadLetter.offset),
    timestamp: deadLetter.timestamp,
    key: original.key,
    headers: original.headers,
    value: original.value,
  }
}

/** The source and connections of a record, as far as the record tells them. */
export interface RecordOwners {
  readonly source: string | null
  readonly connections: readonly string[]
}

const noOwners: RecordOwners = { source: null, connections: [] }

/** null: ingest could not parse it either, which is why it is a dead letter. */
const parsed = ({ value }: ConsumedRecord, codec: Codec): { source?: unknown; accountId?: unknown } | null => {
  if (value === null) return null
  try {
    return parseMessageEvent(value, codec) as { source?: unknown; accountId?: unknown } | null
  } catch {
    return null
  }
}

export interface OwnerTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
}

/** null: sealed under another key, so only the headers can be read. Without a value or a valid key id, what is there. */
const bodyOf = (record: ConsumedRecord, keyring: Keyring): Buffer | null => {
  const opened = openChannelEvent(record, keyring)
  if ('body' in opened) return opened.body
  return opened.problem === 'seal_broken' ? null : (record.value ?? Buffer.alloc(0))
}

const ownersOfDelivery = (record: ConsumedRecord, { codec, keyring, directory, sources }: OwnerTools): RecordOwners => {
  const { source, account, contentType } = decodeChannelEvent(record)
  const connectionOf = (name: string, id: string) => directory.byAccount(name, id)?.connectionId
  if (source === messageEventSource) {
    const event = isSealed(record) ? null : parsed(record, codec)
    if (typeof event?.source !== 'string') return noOwners
    const connection = typeof event.accountId === 'string' ? connectionOf(event.source, event.accountId) : undefined
    return { source: event.source, connections: connection ? [connection] : [] }
  }
  const accounts = new Set(account ? [account] : [])
  const body = bodyOf(record, keyring)
  if (body) {
    const delivery = { source, account, headers: record.headers, contentType, body, receivedAt: receivedAtOf(record) }
    for (const id of sources.get(source)?.accountsOf(delivery) ?? []) accounts.add(id)
  }
  return { source, connections: [...accounts].flatMap((id) => connectionOf(source, id) ?? []) }
}

/** Records that do not decode have no owners. */
export const ownersOf = (record: ConsumedRecord, tools: OwnerTools): RecordOwners => {
  const { codec, directory } = tools
  try {
    switch (record.topic) {
      case topics.channelEvents.name:
        return ownersOfDelivery(record, tools)
      case topics.messages.name: {
        const { source, connectionId } = codec.decode('messages', record)
        return { source, connections: [connectionId] }
      }
      case topics.attributedMessages.name: {
        const { source, connectionId } = codec.decode('attributedMessages', record).message
        return { source, connections: [connectionId] }
      }
      default: {
        const { connectionId } = codec.decode('signals', record)
        return { source: directory.byId(connectionId)?.source ?? null, connections: [connectionId] }
      }
    }
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    return noOwners
  }
}
