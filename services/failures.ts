/**
 * Catalogue of the reasons for which a record becomes a dead letter, used by the console, the redrive command and the docs.
 *
 * Codes are public: dead-letter records and metrics contain them. Add codes, but never rename one.
 */
export interface FailureEntry {
  /** Whether a redrive can help: never, after a fix, or without one. */
  readonly redrive: 'never' | 'after_fix' | 'as_is'
  /** For the operator: what the code means and what to do first. */
  readonly help: string
}

export const failures = {
  headers_invalid: {
    redrive: 'after_fix',
    help: 'A header of the raw delivery is missing or malformed. Fix the connector that wrote it and send it again; a redrive does not change the record.',
  },
  source_unknown: {
    redrive: 'after_fix',
    help: 'No mapping is known for this source; add one (docs/sources), then redrive. A connector that writes to Kafka sets no header `source`.',
  },
  delivery_unreadable: {
    redrive: 'after_fix',
    help: 'The body is not a delivery of its source; check the webhook address at the source or fix the mapping.',
  },
  item_unmappable: {
    redrive: 'after_fix',
    help: 'One item of a delivery was recognised but has no person, id or body that can be used; fix the mapping.',
  },
  event_invalid: {
    redrive: 'after_fix',
    help: 'A message event breaks the contract; the reason names the field. Fix the connector and send it again; a redrive does not change the record.',
  },
  schema_unknown: {
    redrive: 'as_is',
    help: 'The schema id in the record is no Avro schema in the registry; register the schema or restore the registry, then redrive.',
  },
  schema_incomplete: {
    redrive: 'never',
    help: 'A serialiser registered a schema of its own that lacks fields of the message event: what they held is lost. Set auto.register.schemas=false and use.latest.version=true at the connector, remove that version from the registry, and let the connector send the records again.',
  },
  bytes_invalid: {
    redrive: 'never',
    help: 'The bytes do not decode by the schema they name. Fix the producer and let it send the record again.',
  },
  seal_broken: {
    redrive: 'after_fix',
    help: 'Sealed content could not be opened: give the stage the right SIGNALS_MASTER_KEY, then redrive. Content of an erased key stays sealed.',
  },
  connection_missing: {
    redrive: 'as_is',
    help: 'The record names a connection that the connections topic does not hold; add it, then redrive. No stage of this version raises it.',
  },
  too_large: {
    redrive: 'never',
    help: 'A result is larger than its topic takes; have the source send less at a time.',
  },
  attempts_exhausted: {
    redrive: 'as_is',
    help: 'The record was deferred too often; see the code of the last answer, then redrive. No stage of this version raises it.',
  },
  quarantined: {
    redrive: 'as_is',
    help: 'The account is in quarantine, since too many of its records failed. Fix the cause, then: signals quarantine release.',
  },
  poison_record: {
    redrive: 'after_fix',
    help: 'The stage ended while it processed this record alone. Find the cause in its log or crash report, deploy the fix, then redrive.',
  },
} as const satisfies Record<string, FailureEntry>

export type FailureCode = keyof typeof failures

/** Why one record cannot be processed. `detail` names fields and rules, never values, because people read it. */
export interface Failure {
  readonly code: FailureCode
  readonly detail: string
}

/** Thrown by decoders for a record that can never be processed. All other exceptions of a stage stop the batch. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord'
  readonly failure: Failure
  constructor(code: FailureCode, detail: string) {
    super(`${code}: ${detail}`)
    this.failure = { code, detail }
  }
}

/** The decoded value; null for a record that does not decode. For lookups, which skip such records. */
export const decodable = <T>(decode: () => T): T | null => {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    return null
  }
}
