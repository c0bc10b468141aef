/**
 * Key pairs of the pipeline itself, for what names no connection: deliveries without a known account, and their dead letters. Each is a
 * record of `data-secrets.v1`, with the public half in the clear. A pair is in use for four weeks; once everything sealed to it has
 * expired, its record is erased, and with it whatever copies of these records are left.
 */
import type { DataSecretRecord } from '../../../shared/model/topic-values.ts'
import { derivedRetentionMs } from '../../../topology.ts'
import type { EnvelopePair } from '../envelopes.ts'

const dayMs = 86_400_000
/** How long a pair is sealed to, ms. */
export const commonPairLifeMs = 28 * dayMs
/** A dead letter is the longest-lived record that is sealed to it; a day more for the segment in which it lies. */
const readableMs = derivedRetentionMs.deadLetters + dayMs

const recordPrefix = 'envelope-pair/'

/** Key of a pair's record in `data-secrets.v1`. */
export const commonPairKey = (id: string) => `${recordPrefix}${id}`

export interface CommonPair {
  readonly id: string
  readonly record: DataSecretRecord
}

export class CommonPairs {
  readonly #pairs = new Map<string, DataSecretRecord>()
  #newest: CommonPair | undefined

  /** Takes over a record of `data-secrets.v1`; ignores those of other secrets. @param value null: the pair is erased */
  apply(recordKey: string, value: DataSecretRecord | null): void {
    if (!recordKey.startsWith(recordPrefix)) return
    const id = recordKey.slice(recordPrefix.length)
    if (value === null) this.#pairs.delete(id)
    else if (value.revision > (this.#pairs.get(id)?.revision ?? 0)) this.#pairs.set(id, value)
    this.#newest = this.all().at(-1)
  }

  get(id: string): EnvelopePair | undefined {
    const record = this.#pairs.get(id)
    return record?.publicKey ? { publicKey: record.publicKey, privateKey: record.sealed } : undefined
  }

  /** Oldest first. */
  all(): readonly CommonPair[] {
    return Array.from(this.#pairs, ([id, record]) => ({ id, record })).sort(
      (a, b) => a.record.changedAt - b.record.changedAt,
    )
  }

  /** The pair to seal to; undefined: none has been made yet. */
  newest(): { readonly id: string; readonly publicKey: Uint8Array } | undefined {
    const newest = this.#newest
    return newest?.record.publicKey ? { id: newest.id, publicKey: newest.record.publicKey } : undefined
  }

  /** What is due at a time (ms): a new pair, and pairs that nothing in the topics is sealed to any more. */
  due(now: number): { readonly create: boolean; readonly erase: readonly string[] } {
    const all = this.all()
    const newest = all.at(-1)
    return {
      create: newest === undefined || newest.record.changedAt + commonPairLifeMs <= now,
      // A pair is in use until its successor is made.
      erase: all.slice(0, -1).flatMap(({ id }, at) => {
        const successor = all[at + 1] as CommonPair
        return successor.record.changedAt + readableMs < now ? [id] : []
      }),
    }
  }
}
