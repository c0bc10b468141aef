/** Values of the dead-letter topics and of `redrives.v1`. */
export interface DeadLetter {
  readonly stage: string
  readonly code: string
  /** Names fields and rules, never values. */
  readonly detail: string
  /** Items of the record that failed, those that failed alike together; empty: the whole record. */
  readonly items: readonly { readonly detail: string; readonly count: number }[]
  readonly attempt: number
  /** ms */
  readonly failedAt: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Id of the key that seals `original` (`source/<name>`). */
  readonly keyId: string
  /** Sealed Avro `OriginalRecord`; sealed also where the record was not. */
  readonly original: Buffer
}

export interface OriginalRecord {
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer | null
}

/** Marks a dead letter as redriven, that is sent to its original topic again, or as discarded. */
export interface Redrive {
  /** `topic/partition/offset` of the dead letter. */
  readonly deadLetter: string
  /** `topic/partition/offset` of the original record. */
  readonly origin: string
  /** Number of redrives of the record, including this one. */
  readonly redrives: number
  /** ms */
  readonly redrivenAt: number
  /** A person decided that the record is not put back. */
  readonly discarded: boolean
}
