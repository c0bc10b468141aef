/**
 * Signs what is in the compacted topics, and notes that all of it is signed: from then on no process takes a record without a
 * signature. Safe to repeat, while the pipeline runs. It also writes the valid record again where one that does not count came after it.
 */
import type { Keys } from '../../runtime/keys/data-secret.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { signingLatchKey } from '../../runtime/keys/secrets/secrets-topic.ts'
import type { Refusal } from '../../runtime/keys/signatures/signed-broker.ts'
import type { Clock, ProducerRecord } from '../../runtime/ports.ts'
import { openConnectionLog } from '../../shared/connections/store.ts'
import type { Author } from '../../shared/connections/writer.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import { topics } from '../../topology.ts'
import { type PrepareTools, signedBy } from './prepare.ts'
import { keysToSign, readSignedState, type SignedState, signedTables, type TableState } from './signed-state.ts'

/** The broker passes on every record, whether it counts or not. */
type SigningTools = PrepareTools & { readonly clock: Clock }

export interface SigningResult {
  /** How many records were written with a signature. */
  readonly signed: number
  /** Records that do not count; the valid ones before them stay in force. */
  readonly refused: readonly Refusal[]
}

/** Written again byte for byte: readers take them for the same records. */
const copiesOf = (state: TableState, keys: Keys): ProducerRecord[] =>
  keysToSign(state, keys).flatMap((key) => {
    const record = state.current.get(key)
    return record && key !== signingLatchKey ? [{ topic: record.topic, key, value: record.value }] : []
  })

/** Connections change while this runs, so the writer that loses no change copies each. */
const signConnections = async (
  { tables, keys }: SignedState,
  { broker, codec, clock }: SigningTools,
  author: Author,
): Promise<number> => {
  const ids = keysToSign(tables.connections, keys)
  if (ids.length === 0) return 0
  const log = await openConnectionLog(signedBy(keys, broker), codec, clock)
  const copy = (record: ConnectionRecord | undefined) => (record ? { ...record } : null)
  try {
    for (const id of ids) await log.writer.change(id, copy, { action: 'mended' }, author)
    return ids.length
  } finally {
    await log.close()
  }
}

/** @param state as read before anything was signed: what an earlier version writes after it without a signature is an alarm */
const latchOf = (
  { tables, keys }: SignedState,
  { codec, clock }: Pick<SigningTools, 'codec' | 'clock'>,
): ProducerRecord => {
  const noted = tables.dataSecrets.current.get(signingLatchKey)
  const value = codec.encode('dataSecrets', {
    revision: (noted?.value ? codec.decode('dataSecrets', noted).revision : 0) + 1,
    keyId: keys.keyring.activeKeyId,
    sealed: Buffer.alloc(0),
    changedAt: clock.now(),
    publicKey: null,
    signedUpTo: Object.fromEntries(signedTables.map((table) => [topics[table].name, tables[table].end])),
  })
  return { topic: topics.dataSecrets.name, key: signingLatchKey, value }
}

/**
 * @param options.latch note that everything is signed; false: only if that has been noted before
 * @throws ConfigError, DependencyError
 */
export const signRecords = async (
  settings: KeySettings,
  tools: SigningTools,
  author: Author,
  { latch = true }: { readonly latch?: boolean } = {},
): Promise<SigningResult> => {
  const state = await readSignedState(settings, tools)
  const { keys, tables, refused } = state
  const producer = await signedBy(keys, tools.broker).producer()
  try {
    const { connections: _ofConnections, dataSecrets, ...others } = tables
    const copies = [dataSecrets, ...Object.values(others)].flatMap((table) => copiesOf(table, keys))
    // One at a time: a keyword list may have 8 MiB.
    for (const record of copies) await producer.send([record])
    const signed = copies.length + (await signConnections(state, tools, author))
    // Noted again after a repair: what was refused is old from then on.
    const { judge } = keys.signing
    const coversAll = signedTables.every((table) => judge.covers(topics[table].name))
    const isDue = judge.isLatched ? signed > 0 || refused.length > 0 || !coversAll : latch
    if (isDue) await producer.send([latchOf(state, tools)])
    return { signed, refused }
  } finally {
    await producer.close()
  }
}
