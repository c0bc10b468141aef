/** `/admin/v1/report`, `/explain` and `connections/ID/activity`: what was reported, and why something was not. A caller learns of its own connections alone. */

import { z } from 'zod'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { RefusedDeliveries } from '../../shared/refused/refused-deliveries.ts'
import { plainIssue } from '../../shared/text/plain-issue.ts'
import type { UnconnectedAccount } from '../../shared/unconnected/account.ts'
import type { ExplainedIds, ExplainOptions } from '../../tools/explain/explain.ts'
import type { ConversationExplanation } from '../../tools/explain/explanation.ts'
import type { ConnectionActivity } from '../../tools/report/connection-activity.ts'
import type { ReportRow } from '../../tools/report/daily-report.ts'
import { DaysInvalid, type ReportedDays, reportedDays } from '../../tools/report/days.ts'
import { hasRole, type Principal } from '../access/authenticator.ts'
import { seesConnection } from '../access/visible-connections.ts'
import { ControlProblem, json } from '../http/answer.ts'
import { readJson } from '../http/request.ts'
import type { AdminCall, Endpoint } from './handlers.ts'
import { requireKnown } from './known-connection.ts'

export interface InsightWork {
  /** ms */
  now(): number
  /** @param tenant who asks; null: one for all tenants. @throws DependencyError, WorkRefused */
  report(
    isWanted: (connectionId: string) => boolean,
    days: ReportedDays,
    tenant: string | null,
  ): Promise<readonly ReportRow[]>
  /** null: nothing of that message is known. @throws DependencyError, WorkRefused */
  explain(
    ids: ExplainedIds,
    options: Omit<ExplainOptions, 'now'>,
    tenant: string | null,
  ): Promise<ConversationExplanation | null>
  /** @param tenant who asks; null: one for all tenants. @throws DependencyError, WorkRefused */
  activity(connectionId: string, tenant: string | null): Promise<ConnectionActivity>
  /** What the gateways refused of it within a day, newest first. */
  refused(connectionId: string): Promise<readonly RefusedDeliveries[]>
  /** Notes in the connection's history that texts were read. @throws DependencyError */
  noteShown(connection: ConnectionRecord, principal: Principal): Promise<void>
  unconnected(): Promise<readonly UnconnectedAccount[]>
}

/** As many wait already as may. */
export class WorkRefused extends Error {
  override readonly name = 'WorkRefused'
}

const daysOf = (query: URLSearchParams, now: number): ReportedDays => {
  const [from, to] = [query.get('from'), query.get('to')]
  if (from === null || to === null)
    throw new ControlProblem(400, 'days', 'from and to are needed: days in UTC, such as 2026-11-23')
  try {
    return reportedDays({ from: 'from', to: 'to' }, from, to, now)
  } catch (error) {
    throw error instanceof DaysInvalid ? new ControlProblem(400, 'days', error.message) : error
  }
}

export const report: Endpoint = {
  role: 'viewer',
  action: 'report',
  run: async (call) => {
    const { query, principal, tools } = call
    const [connection, tenant] = [query.get('connection'), query.get('tenant')]
    if (connection !== null && tenant !== null)
      throw new ControlProblem(
        400,
        'connection',
        'name connection or tenant, not both; without either, all is reported',
      )
    const days = daysOf(query, tools.insight.now())
    if (connection !== null) requireKnown(connection, call)
    const isNamed = (id: string) => {
      const record = tools.directory.byId(id)
      // Of a connection that is gone, those who see everything see the figures.
      if (record === undefined) return principal.tenant === null && principal.accounts === null && tenant === null
      return seesConnection(principal, record) && (tenant === null || record.tenantId === tenant)
    }
    const isWanted = (id: string) => (connection === null || id === connection) && isNamed(id)
    return json(await unlessBusy(() => tools.insight.report(isWanted, days, principal.tenant)))
  },
}

/** @throws ControlProblem 429 where as many wait already as may */
const unlessBusy = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    throw error instanceof WorkRefused ? new ControlProblem(429, 'busy', error.message) : error
  }
}

export const connectionActivity: Endpoint = {
  role: 'viewer',
  action: 'connections.activity',
  run: async (call) => {
    const { connectionId } = requireKnown(call.id, call)
    const { insight } = call.tools
    const found = await unlessBusy(() => insight.activity(connectionId, call.principal.tenant))
    return json({ ...found, refused: await insight.refused(connectionId) })
  },
}

/** The longest id of contracts, section 1. */
const id = z.string().min(1).max(512)
const time = z.number().int().min(0)
export const explainRequestSchema = z
  .strictObject({
    connectionId: z.string().min(1).max(128),
    conversationId: id.optional(),
    messageId: id.optional(),
    from: time.optional(),
    to: time.optional(),
    showText: z.boolean().default(false),
  })
  .refine(({ conversationId, messageId }) => (conversationId === undefined) !== (messageId === undefined), {
    path: ['conversationId'],
    error: 'name either conversationId or messageId',
  })
  .refine(({ from = 0, to }) => to === undefined || to > from, { path: ['to'], error: 'must be after from' })

/** @throws ControlProblem 400 naming the field */
const requestIn = async ({ request }: AdminCall) => {
  const result = explainRequestSchema.safeParse(await readJson(request), { error: plainIssue })
  if (result.success) return result.data
  const [problem] = result.error.issues
  throw new ControlProblem(400, 'field', `${problem?.path.join('.') || 'the body'}: ${problem?.message}`)
}

export const explainConversations: Endpoint = {
  role: 'viewer',
  action: 'explain',
  auditsItself: true,
  run: async (call) => {
    const { principal, tools, audit } = call
    const { connectionId, conversationId = null, messageId = null, from = 0, to, showText } = await requestIn(call)
    if (showText && !hasRole(principal, 'admin')) throw new ControlProblem(403, 'role', 'showText needs the role admin')
    await audit(showText ? 'explain.text' : 'explain', connectionId)
    const connection = requireKnown(connectionId, call)
    if (showText) await tools.insight.noteShown(connection, principal)
    const window = { since: from, ...(to === undefined ? {} : { until: to }) }
    const ids = { connectionId, conversationId, messageId }
    const found = await unlessBusy(() => tools.insight.explain(ids, { ...window, showText }, principal.tenant))
    if (found === null)
      throw new ControlProblem(
        404,
        'message_unknown',
        'no delivery names the message, and messages.v1 does not hold it',
      )
    const seesAll = principal.tenant === null && principal.accounts === null
    const isNothing = found.received.length === 0 && found.messages.length === 0
    // Accounts without a connection belong to no tenant.
    const others = seesAll && isNothing ? await tools.insight.unconnected() : []
    return json({ ...found, unconnected: others.filter(({ source }) => source === connection.source) })
  },
}
