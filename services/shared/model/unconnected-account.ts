/** An account without a connection that sent something: what the gateway's status server answers under `unconnectedPath`. */
export interface UnconnectedAccount {
  readonly source: string
  readonly accountId: string
  /** Of its last delivery, ms. */
  readonly at: number
}

export const unconnectedPath = '/unconnected'
