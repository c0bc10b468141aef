/** What a replay was asked to do. The run's record keeps it as JSON, so that a resumed run decides the same. */

import type { FilterCondition } from './input/filter.ts'
import type { ListPin } from './plan/pinned-versions.ts'

/** Where decisions begin: at raw deliveries, at messages, or at attributed messages. */
export const entries = ['raw', 'messages', 'attributed-messages'] as const
export type ReplayEntry = (typeof entries)[number]

/** Values of `--stage`: the entries, the topics and the stages that read them. */
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
  /** SHA-256: a resumed run must read the same file. */
  readonly hash: string
}

/** Field names and values are stored in `replays.v1`: renaming one breaks the resumption of older runs. */
export interface ReplayRequest {
  readonly entry: ReplayEntry
  /** ms, `from` included, `to` not: the broker's timestamp of the record; for a file, the time of the event. */
  readonly from: number | null
  readonly to: number | null
  readonly offsets: { readonly partition: number | null; readonly from: number; readonly to: number } | null
  readonly file: FileIdentity | null
  readonly connection: string | null
  readonly source: string | null
  readonly where: readonly FilterCondition[]
  readonly lists: ListPin
  /** Absent in runs of earlier versions: as of when each message came. */
  readonly ruleSets?: ListPin
  /** Signals a second, at most. */
  readonly rate: number
  /** ms: the age of a signal is measured from here. */
  readonly askedAt: number
}
