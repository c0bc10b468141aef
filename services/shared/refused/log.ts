/** What a gateway refused within a day, for operators. Nothing of a delivery is kept but what it names as its account. */
import type { StatusPage } from '../../runtime/process/status-server.ts'
import { settingAccess } from '../tokens/access.ts'
import { Bearers } from '../tokens/bearers.ts'
import { type RefusedDeliveries, refusedPath } from './refused-deliveries.ts'

/** Connections are the operators' own, so strangers cannot push them out; accounts without one come from anybody. */
const mostOfConnections = 500
const mostOfOthers = 100
const keptMs = 24 * 3_600_000
/** Characters. */
const maxAccount = 64

export interface RefusedDelivery {
  readonly source: string
  readonly connectionId: string | null
  /** null: none is named. */
  readonly account: string | null
  readonly code: string
}

export interface RefusedLog {
  /** @param at ms */
  add(refused: RefusedDelivery, at: number): void
  /** Newest first. @param now ms */
  all(now: number): readonly RefusedDeliveries[]
  /** For the status server: for a bearer of one of the tokens. */
  readonly pages: Readonly<Record<string, StatusPage>>
}

/** @param tokens of those who may read it: it holds names of businesses, which no open page shows */
export const refusedDeliveries = (tokens: readonly string[]): RefusedLog => {
  const access = settingAccess('STATUS_TOKEN', ['report'])
  const bearers = new Bearers(tokens.map((token) => ({ token, access })))
  /** Each oldest first. */
  const [ofConnections, ofOthers] = [new Map<string, RefusedDeliveries>(), new Map<string, RefusedDeliveries>()]
  const all = (now: number) =>
    [...ofConnections.values(), ...ofOthers.values()].filter(({ at }) => now - at < keptMs).sort((a, b) => b.at - a.at)
  return {
    all,
    add: ({ source, connectionId, account, code }, at) => {
      // The text comes from outside and is shown in a terminal.
      const accountId =
        connectionId !== null || account === null ? null : account.slice(0, maxAccount).replace(/\p{C}/gu, '\ufffd')
      const [kept, most] = connectionId === null ? [ofOthers, mostOfOthers] : [ofConnections, mostOfConnections]
      const key = JSON.stringify([source, connectionId, accountId, code])
      const before = kept.get(key)
      const goesOn = before !== undefined && at - before.at < keptMs
      kept.delete(key)
      kept.set(key, {
        ...{ source, connectionId, accountId, code, at },
        ...(goesOn ? { count: before.count + 1, since: before.since } : { count: 1, since: at }),
      })
      if (kept.size > most) kept.delete(kept.keys().next().value as string)
    },
    pages: {
      [refusedPath]: (authorization) =>
        bearers.find(authorization, '', Date.now()).kind === 'known' ? { refused: all(Date.now()) } : null,
    },
  }
}
