/** What the topics of signed records hold: which record counts for each key, and which do not. */

import { BadRecord } from '../../failures.ts'
import { type Keys, readKeys } from '../../runtime/keys/data-secret.ts'
import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import { signatureKeyId } from '../../runtime/keys/signatures/signature.ts'
import type { Refusal } from '../../runtime/keys/signatures/signed-broker.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import { type MainTopic, topics } from '../../topology.ts'
import type { PrepareTools } from './prepare.ts'

export const signedTables = [
  'connections',
  'keywordLists',
  'ruleSets',
  'tokens',
  'dataSecrets',
  'suppressions',
] as const satisfies MainTopic[]
export type SignedTable = (typeof signedTables)[number]

export interface TableState {
  /** By key, the record that counts. */
  readonly current: ReadonlyMap<string, ConsumedRecord>
  /** By key, the last record: compaction keeps it alone. */
  readonly last: ReadonlyMap<string, ConsumedRecord>
  /** The offset after the last record that was read. */
  readonly end: number
}

export interface SignedState {
  readonly keys: Keys
  readonly tables: Readonly<Record<SignedTable, TableState>>
  readonly refused: readonly Refusal[]
}

type Reader = Pick<PrepareTools, 'broker' | 'codec'> & { readonly keys: Keys }

/** Key of records that are appended to close a segment. */
const isNobodys = (key: string) => key === '~'

const isReadable = (table: SignedTable, record: ConsumedRecord, { codec }: Reader): boolean => {
  try {
    if (record.value !== null) codec.decode(table, record)
    return true
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    return false
  }
}

/** Whether a record replaces the one before, as the readers of the topic decide it. */
const replaces = (
  table: SignedTable,
  before: ConsumedRecord | undefined,
  next: ConsumedRecord,
  { codec }: Reader,
): boolean => {
  if (!before?.value || !next.value) return true
  if (table === 'tokens') {
    const [was, is] = [codec.decode(table, before), codec.decode(table, next)]
    return was.revokedAt === null || is.revokedAt !== null
  }
  if (table === 'keywordLists' || table === 'ruleSets' || table === 'suppressions') return true
  return codec.decode(table, next).revision > codec.decode(table, before).revision
}

const readTable = async (table: SignedTable, reader: Reader, refused: Refusal[]): Promise<TableState> => {
  const [current, last] = [new Map<string, ConsumedRecord>(), new Map<string, ConsumedRecord>()]
  let end = 0
  await readWhole(reader.broker, topics[table].name, async (record) => {
    end = Number(record.offset) + 1
    if (record.key === null || isNobodys(record.key)) return
    last.set(record.key, record)
    const reason = reader.keys.signing.judge.refusalOf(record)
    if (reason !== null) {
      if (reason !== 'superseded') refused.push({ record, reason })
      return
    }
    await reader.codec.prepare([record])
    if (isReadable(table, record, reader) && replaces(table, current.get(record.key), record, reader))
      current.set(record.key, record)
  })
  return { current, last, end }
}

/** @param tools.broker one that passes on every record. @throws ConfigError, DependencyError */
export const readSignedState = async (
  settings: KeySettings,
  tools: Pick<PrepareTools, 'broker' | 'codec'>,
): Promise<SignedState> => {
  const keys = await readKeys(settings, tools)
  const refused: Refusal[] = []
  const tables: Partial<Record<SignedTable, TableState>> = {}
  for (const table of signedTables) tables[table] = await readTable(table, { ...tools, keys }, refused)
  return { keys, tables: tables as Record<SignedTable, TableState>, refused }
}

/** Keys whose last record is not the one that counts, or not signed under the active master key. */
export const keysToSign = ({ current, last }: TableState, { signing }: Keys): string[] =>
  Array.from(current).flatMap(([key, record]) =>
    last.get(key) === record && signatureKeyId(record) === signing.activeKeyId() ? [] : [key],
  )
