/** The value of `suppressions.v1`: a conversation that was forgotten on request. Its key is a keyed hash of the pseudonym. */
export interface Suppression {
  readonly source: string
  readonly connectionId: string | null
  /** ms */
  readonly suppressedAt: number
  readonly actor: string
}
