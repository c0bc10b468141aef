/** An account without a connection that sent something, and how to read those that a pipeline has seen. */
export interface UnconnectedAccount {
  readonly source: string
  readonly accountId: string
  /** Of its last delivery or event, ms. */
  readonly at: number
  /** Which process saw it. Absent: one of an earlier version. */
  readonly seenBy?: UnconnectedSeer
  /** The label `digest` of its series in `signals_accounts_unconnected_total`: 8 hex digits, or `other`. */
  readonly label?: string
}

/** The gateway: over HTTP. Ingest: by Kafka. */
export const unconnectedSeers = ['gateway', 'ingest'] as const
export type UnconnectedSeer = (typeof unconnectedSeers)[number]

/** Page of their status servers, for a bearer of STATUS_TOKEN. */
export const unconnectedPath = '/unconnected'

/** @param answers of the page by several processes, null for one without; @returns newest first; null when none answered */
export const mergeUnconnected = (answers: readonly unknown[]): readonly UnconnectedAccount[] | null => {
  const pages = answers.filter((page) => page !== null) as { readonly accounts: readonly UnconnectedAccount[] }[]
  if (pages.length === 0) return null
  return pages.flatMap(({ accounts }) => accounts).sort((a, b) => b.at - a.at)
}
