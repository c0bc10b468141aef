/** Opens what a dead letter seals: for putting it back, for selecting by source or connection, and for trying it out. Never printed. */

import { parseMessageEvent } from '../../ingest/delivery.ts'
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

/** The record as it was, at the place where it was. @throws SealBroken under another master key */
export const openOriginal = (letter: DeadLetter, codec: Codec, keyring: Keyring): ConsumedRecord => {
  const name = sourceOfKeyId(letter.keyId)
  if (!name) throw new BadRecord('headers_invalid', 'keyId names no key of a source')
  const original: OriginalRecord = codec.decodeOriginal(keyring.sourceKey(name).open(letter.original))
  return {
    topic: letter.topic,
    partition: letter.partition,
    offset: BigInt(letter.offset),
    timestamp: letter.timestamp,
    key: original.key,
    headers: original.headers,
    value: original.value,
  }
}

/** Whose record it is, as far as it says so. */
export interface Belonging {
  readonly source: string | null
  readonly connections: readonly string[]
}

const nobody: Belonging = { source: null, connections: [] }

/** null: ingest could not parse it either, which is why it is a dead letter. */
const parsed = ({ value }: ConsumedRecord, codec: Codec): { source?: unknown; accountId?: unknown } | null => {
  if (value === null) return null
  try {
    return parseMessageEvent(value, codec) as { source?: unknown; accountId?: unknown } | null
  } catch {
    return null
  }
}

export interface BelongingTools {
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

const ofDelivery = (record: ConsumedRecord, { codec, keyring, directory, sources }: BelongingTools): Belonging => {
  const { source, account, contentType } = decodeChannelEvent(record)
  const connectionOf = (name: string, id: string) => directory.byAccount(name, id)?.connectionId
  if (source === messageEventSource) {
    const event = isSealed(record) ? null : parsed(record, codec)
    if (typeof event?.source !== 'string') return nobody
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

export const belongingOf = (record: ConsumedRecord, tools: BelongingTools): Belonging => {
  const { codec, directory } = tools
  try {
    switch (record.topic) {
      case topics.channelEvents.name:
        return ofDelivery(record, tools)
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
    return nobody
  }
}
