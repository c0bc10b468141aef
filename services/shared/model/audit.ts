/** Values of `audit.v1`. */
export const auditOrigins = ['cli', 'api', 'console'] as const
export type AuditOrigin = (typeof auditOrigins)[number]

/** Who asked for what. Holds no secret, no content and no end user's data. */
export interface AuditEntry {
  /** ms */
  readonly at: number
  /** A user of the operating system, the id of a token, or a name from the login provider. */
  readonly actor: string
  readonly via: AuditOrigin
  /** What was asked, such as `keywords.import`. */
  readonly action: string
  /** Our own id of what it was asked for. */
  readonly target: string | null
  /** The tenant that the actor is bound to; null: all. */
  readonly tenant: string | null
  readonly outcome: 'allowed' | 'denied'
  /** What the caller said of itself, unchecked. */
  readonly note: string | null
}
