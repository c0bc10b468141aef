/** `/admin/v1/connections/ID/test-event` and `test-code`: whether an event set takes what a connection sends, without a count anywhere. */
import { z } from 'zod'
import { testEventCodeSchema } from '../../../shared/connections/connection-file.ts'
import { setTestCode } from '../../../shared/connections/operations.ts'
import { redacted } from '../../../shared/connections/redacted.ts'
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import { NoTestEvent, type SentTestEvent } from '../../../tools/test-events/test-event.ts'
import { ControlProblem, json } from '../../http/answer.ts'
import { readJson } from '../../http/request.ts'
import type { AdminCall, Endpoint } from '../handlers.ts'
import { requireKnown } from '../known-connection.ts'
import { parsedBody } from './parsed-body.ts'

export interface TestEventWork {
  /** @throws NoTestEvent */
  send(connection: ConnectionRecord, code: string | null): Promise<SentTestEvent>
}

export const testEventSchema = z.strictObject({ testEventCode: testEventCodeSchema.nullable().default(null) })
export const testCodeSchema = z.strictObject({ testEventCode: testEventCodeSchema.nullable() })

const send = async (call: AdminCall) => {
  const connection = requireKnown(call.id, call)
  const { testEventCode } = parsedBody(testEventSchema, await readJson(call.request))
  try {
    return json(await call.tools.testEvents.send(connection, testEventCode))
  } catch (error) {
    throw error instanceof NoTestEvent ? new ControlProblem(409, 'refused', error.message) : error
  }
}

const setCode = async (call: AdminCall) => {
  const { connectionId } = requireKnown(call.id, call)
  const { testEventCode } = parsedBody(testCodeSchema, await readJson(call.request))
  const author = { via: 'admin', actor: call.principal.actor } as const
  return json(redacted(await setTestCode(connectionId, testEventCode, call.tools, author)))
}

export const testEventEndpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
  'connections/ID/test-event': { POST: { role: 'operator', action: 'connections.test_event', run: send } },
  'connections/ID/test-code': { PUT: { role: 'operator', action: 'connections.test_code', run: setCode } },
}
