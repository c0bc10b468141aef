/**
 * Catalogue of the reasons for which a record becomes a dead letter. The console, the redrive command and the docs read it.
 *
 * A code is public: it stands in dead-letter records and metrics, so it is added to and never renamed.
 */
export interface FailureEntry {
  /** Whether sending the record through again can help: never, after something was mended, or as it is. */
  readonly redrive: 'never' | 'after_fix' | 'as_is'
  /** One sentence for the operator: what it means and what to do first. */
  readonly help: string
}

export const failures = {
  headers_invalid: {
    redrive: 'after_fix',
    help: 'A header of the raw delivery is missing or malformed. Mend the connector that wrote it and send it again: what came stays as it is.',
  },
  source_unknown: {
    redrive: 'after_fix',
    help: 'No mapping is known for this source; add one (docs/sources), then redrive.',
  },
  delivery_unreadable: {
    redrive: 'after_fix',
    help: 'The body is not a delivery of its source; check the webhook address at the source or mend the mapping.',
  },
  item_unmappable: {
    redrive: 'after_fix',
    help: 'One item of a delivery was recognised but has no person, id or body that can be used; mend the mapping.',
  },
  event_invalid: {
    redrive: 'after_fix',
    help: 'A message event breaks the contract; the reason names the field. Mend the connector and send it again: what came stays as it is.',
  },
  schema_unknown: {
    redrive: 'as_is',
    help: 'The schema id in the record is not in the registry; register the schema or restore the registry, then redrive.',
  },
  bytes_invalid: {
    redrive: 'never',
    help: 'The bytes do not decode by the schema they name. Mend the producer, and have it send again what it meant.',
  },
  seal_broken: {
    redrive: 'after_fix',
    help: 'Sealed content could not be opened: give the stage the right SIGNALS_MASTER_KEY, then redrive; a destroyed key opens nothing.',
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
} as const satisfies Record<string, FailureEntry>

export type FailureCode = keyof typeof failures

/** Why one record cannot be processed. `detail` names fields and rules, never values: it is written where people read. */
export interface Failure {
  readonly code: FailureCode
  readonly detail: string
}

/** Thrown by a decoder, the only place of a stage that speaks of one record by exception. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord'
  readonly failure: Failure
  constructor(code: FailureCode, detail: string) {
    super(`${code}: ${detail}`)
    this.failure = { code, detail }
  }
}

/** What a record says; null where it does not decode: whoever only looks something up passes it over. */
export const decodable = <T>(decode: () => T): T | null => {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error
    return null
  }
}
