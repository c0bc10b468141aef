/** Opens the sealed record of a dead letter: to redrive it, to select by source or connection, and to probe it. It is never printed. */

import { BadRecord } from '../../failures.ts'
import { namedAccountOf } from '../../ingest/delivery.ts'
import { positionOf } from '../../runtime/batch/dead-letter.ts'
import { receivedAtOf } from '../../runtime/batch/record-headers.ts'
import type { Envelopes } from '../../runtime/keys/envelopes.ts'
import { SealBroken } from '../../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import { decodeChannelEvent, messageEventSource, openChannelEvent } from '../../shared/model/channel-event.ts'
import type { DeadLetter, OriginalRecord } from '../../shared/model/dead-letter.ts'
import { connectionOfKeyId } from '../../shared/model/key-ids.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import { topics } from '../../topology.ts'

/**
 * The original record, with its topic, partition and offset; null once its key is erased, since its connection was disconnected.
 * @throws SealBroken under another master key; BadRecord
 */
export const openOriginal = (
  deadLetter: DeadLetter,
  codec: Codec,
  envelopes: Pick<Envelopes, 'open'>,
): ConsumedRecord | null => {
  const opened = envelopes.open(deadLetter.keyId, deadLetter.original, positionOf(deadLetter))
  if ('problem' in opened) {
    if (opened.problem === 'key_erased') return null
    if (opened.problem === 'seal_broken') throw new SealBroken()
    throw new BadRecord('headers_invalid', 'keyId is no id of a key')
  }
  const original: OriginalRecord = codec.decodeOriginal(opened.bytes)
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

export interface OwnerTools {
  readonly codec: Codec
  readonly envelopes: Pick<Envelopes, 'open'>
  readonly directory: ConnectionDirectory
  readonly sources: SourceRegistry
}

/** null: sealed under another key, so only the headers can be read. Without a value or a valid key id, what is there. */
const bodyOf = (record: ConsumedRecord, envelopes: OwnerTools['envelopes']): Buffer | null => {
  const opened = openChannelEvent(record, envelopes)
  if ('body' in opened) return opened.body
  return opened.problem === 'seal_broken' || opened.problem === 'key_erased' ? null : (record.value ?? Buffer.alloc(0))
}

const ownersOfDelivery = (
  record: ConsumedRecord,
  { codec, envelopes, directory, sources }: OwnerTools,
): RecordOwners => {
  const { source, account, contentType } = decodeChannelEvent(record)
  const connectionOf = (name: string, id: string) => directory.byAccount(name, id)?.connectionId
  if (source === messageEventSource) {
    const named = namedAccountOf(record, codec)
    if (!named) return noOwners
    const connection = named.accountId === null ? undefined : connectionOf(named.source, named.accountId)
    return { source: named.source, connections: connection ? [connection] : [] }
  }
  const accounts = new Set(account ? [account] : [])
  const body = bodyOf(record, envelopes)
  if (body) {
    const delivery = { source, account, headers: record.headers, contentType, body, receivedAt: receivedAtOf(record) }
    for (const id of sources.get(source)?.accountsOf(delivery) ?? []) accounts.add(id)
  }
  return { source, connections: [...accounts].flatMap((id) => connectionOf(source, id) ?? []) }
}

/** Of a record whose key is erased: what the id of the key says. */
const ownersOfErased = (keyId: string, directory: ConnectionDirectory): RecordOwners => {
  const connection = connectionOfKeyId(keyId)
  if (connection === undefined) return noOwners
  return { source: directory.byId(connection)?.source ?? null, connections: [connection] }
}

/** Records that do not decode have no owners. @param record null: its key is erased */
export const ownersOf = (
  record: ConsumedRecord | null,
  { keyId }: Pick<DeadLetter, 'keyId'>,
  tools: OwnerTools,
): RecordOwners => {
  const { codec, directory } = tools
  if (record === null) return ownersOfErased(keyId, directory)
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
