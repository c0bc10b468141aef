/** Opens what a dead letter seals: for putting it back, for selecting by source or connection, and for trying it out. Never printed. */

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

/** The record as it was, at the place where it was. @throws SealBroken under another master key */
export const openOriginal = (letter: DeadLetter, codec: Codec, keyring: Keyring): ConsumedRecord => {
  const name = keyName.exec(letter.keyId)?.[1]
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

const parsed = (record: ConsumedRecord, codec: Codec): { source?: unknown; accountId?: unknown } | null => {
  if (record.value === null) return null
  try {
    return (
      codec.isAvro(record.value) ? codec.decodeMessageEvent(record.value) : JSON.parse(record.value.toString())
    ) as {
      source?: unknown
    }
  } catch {
    // What it failed for, most likely.
    return null
  }
}

export interface BelongingTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
}

const ofDelivery = (record: ConsumedRecord, { codec, keyring, directory, sources }: BelongingTools): Belonging => {
  const source = record.headers.source ?? messageEventSource
  const connectionOf = (name: string, account: string) => directory.byAccount(name, account)?.connectionId
  if (source === messageEventSource) {
    const event = record.headers.sealed === undefined ? parsed(record, codec) : null
    if (typeof event?.source !== 'string') return nobody
    const connection = typeof event.accountId === 'string' ? connectionOf(event.source, event.accountId) : undefined
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
    // Sealed under another key: the header is all there is.
  }
  return { source, connections: [...accounts].flatMap((account) => connectionOf(source, account) ?? []) }
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
