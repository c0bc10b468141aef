/** Which dead letters are meant: by id or by conditions that all hold. Pure. */
import type { FoundDeadLetter } from './found.ts'
import type { Belonging } from './original.ts'

export interface Conditions {
  /** `topic/partition/offset`, or `stage/partition/offset`. */
  readonly ids: readonly string[]
  readonly stage: string | null
  readonly code: string | null
  readonly source: string | null
  readonly connection: string | null
  /** When it failed, ms: from (included) to (not included). */
  readonly from: number | null
  readonly to: number | null
}

export const anyOfThem: Conditions = {
  ids: [],
  stage: null,
  code: null,
  source: null,
  connection: null,
  from: null,
  to: null,
}

/** Source and connection stand in what is sealed: it is opened only where they are asked for. */
export const needsBelonging = ({ source, connection }: Conditions) => source !== null || connection !== null

/** By its full id or the short one. */
export const isMeant = ({ id, stage, place }: FoundDeadLetter, asked: string): boolean =>
  asked === id || asked === `${stage}/${place.partition}/${place.offset}`

export const matches = (
  found: FoundDeadLetter,
  { ids, stage, code, source, connection, from, to }: Conditions,
  belonging: () => Belonging,
): boolean => {
  if (ids.length > 0 && !ids.some((id) => isMeant(found, id))) return false
  if (stage !== null && found.stage !== stage) return false
  if (code !== null && found.code !== code) return false
  if (from !== null && found.failedAt < from) return false
  if (to !== null && found.failedAt >= to) return false
  if (source !== null && belonging().source !== source) return false
  return connection === null || belonging().connections.includes(connection)
}
