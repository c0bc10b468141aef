/** What the console shows beside connections: the overview, runbooks, the last deliveries, and dead letters. */
import type { ReplayRun } from '../../shared/model/replay-run.ts'
import type { Delivery } from '../../shared/model/topic-values.ts'
import { catalogueEntryOf } from '../../tools/dead-letters/found.ts'
import { requestOf, runStateOf } from '../../tools/replay/run/run-store.ts'
import { consumerStages } from '../../topology.ts'
import type { Principal } from '../access/authenticator.ts'
import { seesConnection } from '../access/visible-connections.ts'
import { causesOf } from '../dead-letters/dead-letter-causes.ts'
import { type DeadLetterIndex, deadLetterStates } from '../dead-letters/dead-letter-index.ts'
import { type HistorySeries, keptMs } from '../history/long-history.ts'
import type { UseHistory, UseKind } from '../history/uses.ts'
import { ControlProblem, json } from '../http/answer.ts'
import type { OverviewReader } from '../overview/overview.ts'
import { connectionQuery, oneOf, searchConnections, wholeNumber } from './connection-search.ts'
import type { AdminCall, Endpoint } from './handlers.ts'

export interface ConsoleWork {
  readonly overview: Pick<OverviewReader, 'read'>
  readonly deadLetters: DeadLetterIndex
  /** @param from ms. @param to ms. @param most points at most. @throws DependencyError, ControlProblem 502 */
  history(from: number, to: number, most: number): Promise<HistorySeries>
  /** @param from ms. @param to ms. @throws DependencyError, ControlProblem 502 */
  uses(kind: UseKind, id: string, from: number, to: number): Promise<UseHistory>
  /** Oldest first. @throws DependencyError */
  replays(): Promise<readonly ReplayRun[]>
  /** Newest first, of this connection, as far as this process has seen them. */
  deliveriesOf(connectionId: string): readonly Delivery[]
  /** The text of a runbook or of an operators' page; null: there is none of this name. */
  runbook(name: string): Promise<string | null>
  /** ms */
  now(): number
}

/** What is sealed, or is of no tenant, only a caller of all tenants sees. @throws ControlProblem 403 */
export const requireAllTenants = ({ tenant, accounts }: Principal, what: string): void => {
  if (tenant !== null || accounts !== null)
    throw new ControlProblem(403, 'tenant', `${what} are of no tenant: this needs a token of all tenants`)
}

const search = async ({ query, principal, tools }: AdminCall) => {
  const seen = tools.directory.all().filter((one) => seesConnection(principal, one))
  return json(searchConnections(seen, connectionQuery(query), tools.console.now()))
}

const runbook = async ({ id, tools }: AdminCall) => {
  const text = await tools.console.runbook(id)
  if (text === null) throw new ControlProblem(404, 'runbook_unknown', 'there is no runbook of this name')
  return json({ name: id, text })
}

const causes = async ({ principal, tools: { console: work } }: AdminCall) => {
  requireAllTenants(principal, 'dead letters')
  await work.deadLetters.refresh()
  const stateOf = (found: Parameters<DeadLetterIndex['stateOf']>[0]) => work.deadLetters.stateOf(found)
  return json(causesOf(work.deadLetters.all(), stateOf, work.now()))
}

const deadLetterPageSize = 50

const deadLetters = async ({ query, principal, tools: { console: work } }: AdminCall) => {
  requireAllTenants(principal, 'dead letters')
  const stage = oneOf(query, 'stage', consumerStages)
  const state = oneOf(query, 'state', deadLetterStates)
  const code = query.get('code') || null
  const page = wholeNumber(query, 'page', 0, 1_000_000)
  const size = wholeNumber(query, 'size', deadLetterPageSize, 200, 1)
  await work.deadLetters.refresh()
  const kept = work.deadLetters
    .all()
    .map((found) => ({ found, state: work.deadLetters.stateOf(found) }))
    .filter((one) => (stage === null || one.found.stage === stage) && (code === null || one.found.code === code))
    .filter((one) => state === null || one.state === state)
  const items = kept.slice(page * size, (page + 1) * size).map(({ found, state: its }) => {
    const { place: _, ...facts } = found
    return { ...facts, state: its, ...catalogueEntryOf(found.code) }
  })
  return json({ total: kept.length, page, size, items })
}

const replays = async ({ principal, tools: { console: work } }: AdminCall) => {
  requireAllTenants(principal, 'replays')
  const runs = await work.replays()
  return json(
    runs.toReversed().map((run) => {
      const { run: id, createdAt, updatedAt, counts } = run
      return { id, state: runStateOf(run, work.now()), createdAt, updatedAt, request: requestOf(run), counts }
    }),
  )
}

const shownPoints = 400

/** @param byDefault length in ms. @throws ControlProblem 400 */
export const spanIn = (query: URLSearchParams, now: number, byDefault: number): readonly [from: number, to: number] => {
  const to = wholeNumber(query, 'to', now, Number.MAX_SAFE_INTEGER)
  const from = wholeNumber(query, 'from', to - byDefault, to)
  if (to - from > keptMs) throw new ControlProblem(400, 'from', 'from and to must be at most seven days apart')
  return [from, Math.min(to, now)]
}

const history = async ({ query, tools: { console: work } }: AdminCall) => {
  const [from, to] = spanIn(query, work.now(), 3_600_000)
  return json(await work.history(from, to, shownPoints))
}

/** By path, as in `endpoints`. */
export const consoleEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  overview: {
    GET: {
      role: 'viewer',
      action: 'overview.show',
      run: async ({ principal, tools }) => json(await tools.console.overview.read(principal)),
    },
  },
  'connection-search': { GET: { role: 'viewer', action: 'connections.search', run: search } },
  'runbooks/ID': { GET: { role: 'viewer', action: 'runbooks.show', run: runbook } },
  'dead-letter-causes': { GET: { role: 'viewer', action: 'dead_letters.causes', run: causes } },
  history: { GET: { role: 'viewer', action: 'overview.history', run: history } },
  replays: { GET: { role: 'viewer', action: 'replays.list', run: replays } },
  'dead-letters': { GET: { role: 'viewer', action: 'dead_letters.list', run: deadLetters } },
}
