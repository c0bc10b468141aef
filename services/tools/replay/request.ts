/** What a replay was asked to do. It is written down with the run, so that a resumed one decides the same again. */

import type { FilterCondition } from './input/filter.ts'
import type { ListPin } from './plan/list-versions.ts'

/** Where decisions begin: at raw deliveries, at messages, or at attributed ones. */
export const entries = ['raw', 'messages', 'attributed-messages'] as const
export type ReplayEntry = (typeof entries)[number]

/** Names under which people know them: topics, and the stages that read them. */
export const entryNames: Readonly<Record<string, ReplayEntry>> = {
  raw: 'raw',
  'channel-events': 'raw',
  ingest: 'raw',
  messages: 'messages',
  attribution: 'messages',
  'attributed-messages': 'attributed-messages',
  keywords: 'attributed-messages',
}

export interface FileIdentity {
  readonly path: string
  readonly bytes: number
  /** SHA-256: a resumed run must read the same. */
  readonly hash: string
}

export interface ReplayRequest {
  readonly entry: ReplayEntry
  /** ms, from (included) to (not included): when the broker took the record; of a file's events, when they happened. */
  readonly from: number | null
  readonly to: number | null
  readonly offsets: { readonly partition: number | null; readonly from: number; readonly to: number } | null
  readonly file: FileIdentity | null
  readonly connection: string | null
  readonly source: string | null
  readonly where: readonly FilterCondition[]
  readonly lists: ListPin
  /** Signals a second, at most. */
  readonly rate: number
  /** ms: what is too old is judged by this. */
  readonly askedAt: number
}
