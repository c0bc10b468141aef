/** The dead-letter topics, and `redrives.v1`. */
export interface DeadLetter {
  readonly stage: string
  readonly code: string
  /** Names fields and rules, never values. */
  readonly detail: string
  readonly attempt: number
  readonly failedAt: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  /** Names the key that seals `original`. */
  readonly keyId: string
  /** Sealed Avro `OriginalRecord`: also what lay open in its topic is sealed here. */
  readonly original: Buffer
}

export interface OriginalRecord {
  readonly key: string | null
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer | null
}

/** Note that a dead letter was put back to where it came from. */
export interface Redrive {
  /** `topic/partition/offset` of the dead letter. */
  readonly deadLetter: string
  /** `topic/partition/offset` of the record that it stands for. */
  readonly origin: string
  /** How often the record has been put back, this time included. */
  readonly redrives: number
  /** ms */
  readonly redrivenAt: number
}
