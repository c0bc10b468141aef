/** Opens the sealed record of a dead letter: to redrive it, to select by source or connection, and to probe it. It is never printed. */

import { messageEventSource } from '../../ingest/delivery.ts'
import { receivedAtOf } from '../../runtime/batch/record-headers.ts'
import { BadRecord } from '../../runtime/failures.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { DeadLetter, OriginalRecord } from '../../shared/model/dead-letter.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { topics } from '../../topology.ts'

const keyName = /^source\/([a-z][a-z0-9-]{0,31})$/

/** The original record, with its topic, partition and offset. @throws SealBroken under another master key; BadRecord */
export const openOriginal = (deadLetter: DeadLetter, codec: Codec, keyring: Keyring): ConsumedRecord => {
  const name = keyName.exec(deadLetter.keyId)?.[1]
  if (!name) throw new BadRecord('headers_invalid', 'keyId does not name the key of a source')
  const original: OriginalRecord = codec.decodeOriginal(keyring.sourceKey(name).open(deadLetter.original))
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

const parsed = (record: ConsumedRecord, codec: Codec): { source?: unknown; accountId?: unknown } | null => {
  if (record.value === null) return null
  try {
    return (
      codec.isAvro(record.value) ? codec.decodeMessageEvent(record.value) : JSON.parse(record.value.toString())
    ) as {
      source?: unknown
    }
  } catch {
    // Most likely the reason why the record failed.
    return null
  }
}

export interface OwnerTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
}

const ownersOfDelivery = (record: ConsumedRecord, { codec, keyring, directory, sources }: OwnerTools): RecordOwners => {
  const source = record.headers.source ?? messageEventSource
  const connectionIdOf = (name: string, account: string) => directory.byAccount(name, account)?.connectionId
  if (source === messageEventSource) {
    const event = record.headers.sealed === undefined ? parsed(record, codec) : null
    if (typeof event?.source !== 'string') return noOwners
    const connection = typeof event.accountId === 'string' ? connectionIdOf(event.source, event.accountId) : undefined
    return { source: event.source, connections: connection ? [connection] : [] }
  }
  const sealed = keyName.exec(record.headers.sealed ?? '')?.[1]
  const accounts = new Set(record.headers.account ? [record.headers.account] : [])
  try {
    const body =
      record.value === null ? Buffer.alloc(0) : sealed ? keyring.sourceKey(sealed).open(record.value) : record.value
    const delivery = {
      source,
      account: record.headers.account ?? null,
      headers: record.headers,
      contentType: record.headers['content-type'] ?? null,
      body,
      receivedAt: receivedAtOf(record),
    }
    for (const account of sources.get(source)?.accountsOf(delivery) ?? []) accounts.add(account)
  } catch {
    // Sealed under another key: only the account header is known.
  }
  return { source, connections: [...accounts].flatMap((account) => connectionIdOf(source, account) ?? []) }
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
