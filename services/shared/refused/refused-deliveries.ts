/** Deliveries that the gateway refused for one reason, and how to read those of several gateways. */
export interface RefusedDeliveries {
  /** A known source, or `unknown`. */
  readonly source: string
  /** null: no account with a connection is named. */
  readonly connectionId: string | null
  /** As the refused sender names it, so nothing proves it; null beside a connection, or where none is named. */
  readonly accountId: string | null
  /** Of the answer, such as `signature_wrong`. */
  readonly code: string
  readonly count: number
  /** Of the first and the last one, ms. */
  readonly since: number
  readonly at: number
}

/** Page of the gateway's status server, for a bearer of STATUS_TOKEN. */
export const refusedPath = '/refused'

/** @param answers of the page by several gateways, null for one without. @returns newest first; null when none answered */
export const mergeRefused = (answers: readonly unknown[]): readonly RefusedDeliveries[] | null => {
  const pages = answers.filter((page) => page !== null) as { readonly refused: readonly RefusedDeliveries[] }[]
  if (pages.length === 0) return null
  const merged = new Map<string, RefusedDeliveries>()
  for (const one of pages.flatMap(({ refused }) => refused)) {
    const key = JSON.stringify([one.source, one.connectionId, one.accountId, one.code])
    const other = merged.get(key) ?? { count: 0, since: one.since, at: one.at }
    const [since, at] = [Math.min(one.since, other.since), Math.max(one.at, other.at)]
    merged.set(key, { ...one, count: one.count + other.count, since, at })
  }
  return [...merged.values()].sort((a, b) => b.at - a.at)
}

/** What was refused: the connection, else the account, else the source. */
export const refusedOf = ({ source, connectionId, accountId }: RefusedDeliveries): string =>
  connectionId ?? (accountId === null ? source : `${source} ${accountId}`)
