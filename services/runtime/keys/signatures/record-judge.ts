/** Decides whether a record of a signed topic counts. */
import type { ConsumedRecord } from '../../ports.ts'
import type { RecordKeys } from './record-keys.ts'
import { isSignedBy, signatureKeyId } from './signature.ts'
import { type SigningPurpose, signingPurposeOf } from './signed-topics.ts'

/** Why a record does not count. unknown_key: its signature names a master key that this process does not know. */
export const refusalReasons = ['unsigned', 'invalid', 'unknown_key'] as const
export type RefusalReason = (typeof refusalReasons)[number]

export class RecordJudge {
  readonly #keys: Pick<RecordKeys, 'public'>

  constructor(keys: Pick<RecordKeys, 'public'>) {
    this.#keys = keys
  }

  /** null: the record counts. */
  refusalOf(record: ConsumedRecord): RefusalReason | null {
    const purpose = signingPurposeOf(record.topic)
    return purpose === undefined ? null : this.#reason(record, purpose)
  }

  #reason(record: ConsumedRecord, purpose: SigningPurpose): RefusalReason | null {
    const keyId = signatureKeyId(record)
    if (keyId === undefined) return 'unsigned'
    const key = this.#keys.public(purpose, keyId)
    if (key === null) return 'unknown_key'
    return isSignedBy(record, key) ? null : 'invalid'
  }
}
