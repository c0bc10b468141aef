/** `/admin/v1/redrives` and `/discards`: what the console does with dead letters. The target is in the body, so each makes its own entry. */
import { z } from 'zod'
import { failures } from '../../../failures.ts'
import { consumerStages } from '../../../topology.ts'
import { RedriveBusy, type RedriveChoice, type RedriveJobs } from '../../dead-letters/redrive-jobs.ts'
import { ControlProblem, json } from '../../http/answer.ts'
import { readJson } from '../../http/request.ts'
import { requireAllTenants } from '../console-endpoints.ts'
import type { AdminCall, Endpoint } from '../handlers.ts'
import { parsedBody } from './parsed-body.ts'

export type RedriveWork = Pick<RedriveJobs, 'all' | 'dryRun' | 'start' | 'discard'>

const choice = {
  stage: z.enum(consumerStages),
  code: z.enum(Object.keys(failures) as [string, ...string[]]),
  ids: z.array(z.string().min(1).max(300)).max(1_000).default([]),
}
export const redriveSchema = z.strictObject({
  ...choice,
  dryRun: z.boolean().default(true),
  again: z.boolean().default(false),
  force: z.boolean().default(false),
})
export const discardSchema = z.strictObject(choice)

const targetOf = ({ stage, code }: RedriveChoice) => `${stage}/${code}`

const redrive = async (call: AdminCall) => {
  const { principal, tools, audit } = call
  requireAllTenants(principal, 'dead letters')
  const { dryRun, again, force, ...chosen } = parsedBody(redriveSchema, await readJson(call.request))
  if (dryRun) {
    await audit('dead_letters.plan', targetOf(chosen))
    return json(await tools.redrives.dryRun(chosen, { again, force }))
  }
  await audit('dead_letters.redrive', targetOf(chosen))
  try {
    return json(await tools.redrives.start(chosen, { again, force }, principal.actor), 201)
  } catch (error) {
    throw error instanceof RedriveBusy ? new ControlProblem(409, 'busy', error.message) : error
  }
}

const discard = async (call: AdminCall) => {
  requireAllTenants(call.principal, 'dead letters')
  const chosen = parsedBody(discardSchema, await readJson(call.request))
  await call.audit('dead_letters.discard', targetOf(chosen))
  return json({ discarded: await call.tools.redrives.discard(chosen) })
}

const jobs = async ({ principal, tools }: AdminCall) => {
  requireAllTenants(principal, 'dead letters')
  return json(tools.redrives.all())
}

export const redriveEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  redrives: {
    GET: { role: 'viewer', action: 'dead_letters.redrives', run: jobs },
    POST: { role: 'operator', action: 'dead_letters.redrive', auditsItself: true, run: redrive },
  },
  discards: { POST: { role: 'operator', action: 'dead_letters.discard', auditsItself: true, run: discard } },
}
