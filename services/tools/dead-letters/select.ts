/** Selects dead letters by id, or by conditions that must all hold. Pure. */
import type { FoundDeadLetter } from './found.ts'
import type { RecordOwners } from './original.ts'

export interface Conditions {
  /** `topic/partition/offset` of a dead letter or of its original, or `stage/partition/offset`; empty: any. */
  readonly ids: readonly string[]
  readonly stage: string | null
  readonly code: string | null
  readonly source: string | null
  readonly connection: string | null
  /** Time of the failure, ms: `from` included, `to` not. */
  readonly from: number | null
  readonly to: number | null
}

export const noConditions: Conditions = {
  ids: [],
  stage: null,
  code: null,
  source: null,
  connection: null,
  from: null,
  to: null,
}

/** Source and connection are in the sealed record, which is opened only for these conditions. */
export const needsOwners = ({ source, connection }: Conditions) => source !== null || connection !== null

/** @param id full or short, or the place of the original record: all that its producer knows */
export const hasId = (found: FoundDeadLetter, id: string): boolean => {
  const { id: fullId, stage, place, originId } = found
  return id === fullId || id === `${stage}/${place.partition}/${place.offset}` || id === originId
}

export const matches = (
  found: FoundDeadLetter,
  { ids, stage, code, source, connection, from, to }: Conditions,
  owners: () => RecordOwners,
): boolean => {
  if (ids.length > 0 && !ids.some((id) => hasId(found, id))) return false
  if (stage !== null && found.stage !== stage) return false
  if (code !== null && found.code !== code) return false
  if (from !== null && found.failedAt < from) return false
  if (to !== null && found.failedAt >= to) return false
  if (source !== null && owners().source !== source) return false
  return connection === null || owners().connections.includes(connection)
}
