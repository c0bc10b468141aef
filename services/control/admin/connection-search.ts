/** A page of the connections that a caller sees: searched, filtered and sorted here, so that a browser never holds 10,000 of them. */
import type { Connection } from '../../shared/connections/directory.ts'
import { redacted } from '../../shared/connections/redacted.ts'
import { tokenState } from '../../shared/connections/tokens/token-expiry.ts'
import { connectionStatuses } from '../../shared/model/connection-record.ts'
import { ControlProblem } from '../http/answer.ts'

export const connectionSorts = ['attention', 'connectionId', 'tenantId', 'source', 'changedAt'] as const
export type ConnectionSort = (typeof connectionSorts)[number]
export const maxPageSize = 200

export interface ConnectionQuery {
  /** In the id, the tenant, the account or the advertiser, in any case; '' finds all. */
  readonly text: string
  readonly status: string | null
  readonly source: string | null
  readonly sort: ConnectionSort
  readonly descending: boolean
  /** From 0. */
  readonly page: number
  readonly size: number
}

/** A whole number of the query. @throws ControlProblem 400 */
export const wholeNumber = (query: URLSearchParams, name: string, fallback: number, max: number, min = 0): number => {
  const value = Number(query.get(name) ?? fallback)
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new ControlProblem(400, name, `${name} must be a whole number from ${min} to ${max}`)
}

/** One of the names, or null where the query has none. @throws ControlProblem 400 */
export const oneOf = <T extends string>(query: URLSearchParams, name: string, names: readonly T[]): T | null => {
  const value = query.get(name)
  if (value === null || value === '') return null
  const found = names.find((one) => one === value)
  if (found === undefined) throw new ControlProblem(400, name, `${name} must be one of ${names.join(', ')}`)
  return found
}

/** @throws ControlProblem 400 */
export const connectionQuery = (query: URLSearchParams): ConnectionQuery => ({
  text: (query.get('text') ?? '').trim().toLowerCase().slice(0, 256),
  status: oneOf(query, 'status', connectionStatuses),
  source: query.get('source') || null,
  sort: oneOf(query, 'sort', connectionSorts) ?? 'attention',
  descending: query.get('descending') === 'true',
  page: wholeNumber(query, 'page', 0, 1_000_000),
  size: wholeNumber(query, 'size', 50, maxPageSize, 1),
})

/** Those that need a person come first. */
const attention = { reconnect: 0, paused: 1, active: 2, disconnected: 3 } as const

const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0)
const keyOf = (connection: Connection, sort: ConnectionSort) =>
  sort === 'attention' ? attention[connection.status] : connection[sort]

const count = (values: readonly string[]) => {
  const found: Record<string, number> = {}
  for (const value of values) found[value] = (found[value] ?? 0) + 1
  return found
}

/**
 * @param seen the caller's
 * @param now ms
 * @returns counts by status and source of all that the text finds, whatever the filter, so that a filter shows what it would find
 */
export const searchConnections = (seen: readonly Connection[], query: ConnectionQuery, now: number) => {
  const { text, status, source, sort, descending, page, size } = query
  const found = seen.filter((one) =>
    text === ''
      ? true
      : [one.connectionId, one.tenantId, one.accountId, one.advertiserId].some((value) =>
          value.toLowerCase().includes(text),
        ),
  )
  const kept = found
    .filter((one) => (status === null || one.status === status) && (source === null || one.source === source))
    .sort((a, b) => {
      const order = compare(keyOf(a, sort), keyOf(b, sort)) * (descending ? -1 : 1)
      return order || compare(a.connectionId, b.connectionId)
    })
  return {
    total: kept.length,
    page,
    size,
    items: kept.slice(page * size, (page + 1) * size).map((one) => ({ ...redacted(one), token: tokenState(one, now) })),
    byStatus: count(found.map((one) => one.status)),
    bySource: count(found.map((one) => one.source)),
  }
}
