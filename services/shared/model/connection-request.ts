/** Values of `connection-requests.v1`: changes of connections that ingest and dispatch ask for, and control makes. */

/**
 * withdrawn: the account's authorisation was withdrawn at the source, so its connection ends.
 * token_refused: the destination refuses the token, so the connection waits for a new one.
 */
export const requestKinds = ['withdrawn', 'token_refused'] as const
export type RequestKind = (typeof requestKinds)[number]

export interface ConnectionRequest {
  readonly kind: RequestKind
  readonly connectionId: string
  readonly source: string
  readonly accountId: string
  /** The source's reason, or the destination's code. */
  readonly code: number | null
  /** When it happened, ms: of a withdrawal, by the source's clock. */
  readonly occurredAt: number
  /** `changedAt` of the record whose token was refused, ms; null for a withdrawal. */
  readonly changedAt: number | null
}
