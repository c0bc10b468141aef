/** Formats dead letters, for people and as JSON. */
import { failedCount } from '../../../runtime/batch/outcome.ts'
import { catalogueEntryOf, type FoundDeadLetter, originOf } from '../../../tools/dead-letters/found.ts'
import { table } from '../../output.ts'

const iso = (ms: number) => new Date(ms).toISOString()
// Spread arguments would overflow the stack with many dead letters.
const earliest = (times: readonly number[]) => times.reduce((a, b) => Math.min(a, b))
const latest = (times: readonly number[]) => times.reduce((a, b) => Math.max(a, b))

/** The JSON of one dead letter, with the catalogue's help. @param redriven ids of dead letters that were redriven */
export const deadLetterJson = (found: FoundDeadLetter, redriven: ReadonlySet<string>) => {
  const {
    id,
    stage,
    code,
    reason,
    items,
    attempt,
    failedAt,
    origin,
    traceparent,
    redrives,
    redriveOf,
    keyId,
    sealedBytes,
  } = found
  const { redrive, help } = catalogueEntryOf(code)
  return {
    id,
    stage,
    code,
    reason,
    items,
    redrive,
    help,
    attempt,
    failedAt: iso(failedAt),
    origin: { ...origin, timestamp: iso(origin.timestamp) },
    traceparent,
    redrives,
    redriveOf,
    redriven: redriven.has(id),
    sealed: { keyId, bytes: sealedBytes },
  }
}

export const tableByCode = (all: readonly FoundDeadLetter[]) =>
  table([
    ['stage', 'code', 'count', 'first', 'last', 'redrive', 'what to do first'],
    ...Array.from(
      Map.groupBy(all, ({ stage, code }) => `${stage} ${code}`),
      ([, own]) => {
        const { stage, code } = own[0] as FoundDeadLetter
        const { redrive, help } = catalogueEntryOf(code)
        const times = own.map(({ failedAt }) => failedAt)
        return [
          stage,
          code,
          String(own.reduce((sum, { items }) => sum + failedCount(items), 0)),
          iso(earliest(times)),
          iso(latest(times)),
          redrive,
          help,
        ]
      },
    ),
  ])

/** One row for each dead letter. @param redriven ids of dead letters that were redriven */
export const tableOfEach = (all: readonly FoundDeadLetter[], redriven: ReadonlySet<string>) =>
  table([
    ['dead letter', 'code', 'failed at', 'origin', 'redrives', 'reason'],
    ...all.map((found) => [
      found.id,
      found.code,
      iso(found.failedAt),
      originOf(found),
      redriven.has(found.id) ? 'put back' : found.redrives > 0 ? `failed again (${found.redrives})` : '0',
      found.reason,
    ]),
  ])
