/** Decides whether a record of a signed topic counts. */
import type { ConsumedRecord } from '../../ports.ts'
import type { RecordKeys } from './record-keys.ts'
import { isSignedBy, signatureKeyId } from './signature.ts'
import { type SigningPurpose, signedLater, signingPurposeOf } from './signed-topics.ts'

/** Why a record does not count. unknown_key: its signature names a master key that this process does not know. */
export const refusalReasons = ['unsigned', 'invalid', 'unknown_key'] as const
export type RefusalReason = (typeof refusalReasons)[number]

/**
 * Noted once everything in the topics is signed. From then on a record of `records` without a signature does not count. By topic, the
 * offset up to which such records are old: each has a signed copy after it, so they are no alarm.
 */
export type SigningLatch = Readonly<Record<string, number>>

/** Of topics where no record without a signature is old. */
export const latchOf = (covered: readonly string[]): SigningLatch =>
  Object.fromEntries(covered.map((topic) => [topic, 0]))

export class RecordJudge {
  readonly #keys: Pick<RecordKeys, 'public'>
  /** null: not everything is signed yet, so a record without a signature counts. */
  #latch: SigningLatch | null

  constructor(keys: Pick<RecordKeys, 'public'>, latch: SigningLatch | null = null) {
    this.#keys = keys
    this.#latch = latch
  }

  get isLatched(): boolean {
    return this.#latch !== null
  }

  /** Topics whose records need a signature although `signedLater` names them; null: no record needs one yet. */
  get covered(): readonly string[] | null {
    return this.#latch && [...signedLater].filter((topic) => this.covers(topic))
  }

  /** Whether a record of the topic needs a signature. */
  covers(topic: string): boolean {
    return this.#latch !== null && (topic in this.#latch || !signedLater.has(topic))
  }

  /** There is no way back: what is covered stays so. */
  latch(latch: SigningLatch): void {
    this.#latch = { ...latchOf(this.covered ?? []), ...latch }
  }

  /** null: the record counts. superseded: it does not, and that is no alarm. */
  refusalOf(record: ConsumedRecord): RefusalReason | 'superseded' | null {
    const purpose = signingPurposeOf(record.topic)
    const reason = purpose === undefined ? null : this.#reason(record, purpose)
    if (reason === null || purpose === 'requests') return reason
    // Before the latch a rotation of the master key leaves records of the key before, beside their copies.
    if (this.#latch === null && reason === 'unknown_key') return 'superseded'
    return record.offset < BigInt(this.#latch?.[record.topic] ?? 0) ? 'superseded' : reason
  }

  #reason(record: ConsumedRecord, purpose: SigningPurpose): RefusalReason | null {
    const keyId = signatureKeyId(record)
    if (keyId === undefined) return purpose === 'records' && !this.covers(record.topic) ? null : 'unsigned'
    const key = this.#keys.public(purpose, keyId)
    if (key === null) return 'unknown_key'
    return isSignedBy(record, key) ? null : 'invalid'
  }
}
