/** `/admin/v1/replays`: start with a dry run, resume, cancel. The scope is in the body, so each makes its own entry in the trail. */
import { z } from 'zod'
import { entries, type ReplayRequest } from '../../../tools/replay/request.ts'
import { ControlProblem, json } from '../../http/answer.ts'
import { readJson } from '../../http/request.ts'
import type { ReplayJobs } from '../../replays/replay-jobs.ts'
import { requireAllTenants } from '../console-endpoints.ts'
import type { AdminCall, Endpoint } from '../handlers.ts'
import { requireKnown } from '../known-connection.ts'
import { parsedBody } from './parsed-body.ts'

export type ReplayWork = Pick<ReplayJobs, 'all' | 'dryRun' | 'start' | 'resume' | 'cancel' | 'interrupt'>

const pin = z.enum(['then', 'latest']).default('then')
export const replaySchema = z.strictObject({
  /** ms */
  from: z.number().int().min(0),
  to: z.number().int().min(1).optional(),
  entry: z.enum(entries).default('raw'),
  connection: z.string().min(1).max(128).optional(),
  lists: pin,
  ruleSets: pin,
  rate: z.number().int().min(1).max(10_000).default(500),
  dryRun: z.boolean().default(true),
})

type Body = z.output<typeof replaySchema>

/** @param now ms. @throws ControlProblem 400 */
const requestFrom = ({ from, to, connection, entry, rate, ...pins }: Body, now: number): ReplayRequest => {
  if (from > now) throw new ControlProblem(400, 'from', 'from is in the future')
  if (to !== undefined && to <= from) throw new ControlProblem(400, 'to', 'to must be later than from')
  const pinOf = (name: 'then' | 'latest') =>
    name === 'then' ? ({ kind: 'then' } as const) : ({ kind: 'at', time: now } as const)
  return {
    ...{
      entry,
      from,
      to: to ?? now,
      offsets: null,
      file: null,
      connection: connection ?? null,
      source: null,
      where: [],
      rate,
    },
    ...{ lists: pinOf(pins.lists), ruleSets: pinOf(pins.ruleSets), askedAt: now },
  }
}

const begin = async (call: AdminCall) => {
  const { principal, tools, audit } = call
  requireAllTenants(principal, 'replays')
  const body = parsedBody(replaySchema, await readJson(call.request))
  const request = requestFrom(body, tools.console.now())
  if (request.connection !== null) requireKnown(request.connection, call)
  await audit(body.dryRun ? 'replay.plan' : 'replay.start', request.connection ?? 'all')
  const { actor } = principal
  return json(body.dryRun ? tools.replays.dryRun(request, actor) : tools.replays.start(request, actor), 201)
}

const resume = async ({ id, principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'replays')
  return json(await tools.replays.resume(id, principal.actor), 201)
}

const cancel = async ({ id, principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'replays')
  await tools.replays.cancel(id)
  return json({ id })
}

const stop = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'replays')
  if (tools.replays.interrupt()) return json({ stopping: true })
  throw new ControlProblem(
    409,
    'idle',
    'no replay or dry run is under way here; one that a command runs ends by Ctrl-C',
  )
}

const jobs = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'replays')
  return json(tools.replays.all())
}

export const replayEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  'replay-jobs': {
    GET: { role: 'viewer', action: 'replay.jobs', run: jobs },
    POST: { role: 'operator', action: 'replay.start', auditsItself: true, run: begin },
  },
  'replay-stops': { POST: { role: 'operator', action: 'replay.stop', run: stop } },
  'replays/ID/resume': { POST: { role: 'operator', action: 'replay.resume', run: resume } },
  'replays/ID/cancel': { POST: { role: 'operator', action: 'replay.cancel', run: cancel } },
}
