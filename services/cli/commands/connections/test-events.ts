/** `signals connections test-event` and `test-code`: events for the test page of an event set, which count nowhere. */
import type { Command } from 'commander'
import { systemClock } from '../../../runtime/clock.ts'
import { testEventCodeSchema } from '../../../shared/connections/connection-file.ts'
import { ConnectionUnknown, setTestCode } from '../../../shared/connections/operations.ts'
import { postOnce } from '../../../tools/test-events/post-once.ts'
import { NoTestEvent, type SentTestEvent, sendTestEvent } from '../../../tools/test-events/test-event.ts'
import { audited } from '../../audit.ts'
import { withContext } from '../../context.ts'
import { exitCodes, Refused, UsageError } from '../../exit.ts'
import { print, printJson } from '../../output.ts'
import { openTikTok } from '../../tiktok.ts'
import { author, type ConnectionsOutput, printOrJson, withOpenConnections } from './open-connections.ts'

/** @throws UsageError */
const codeIn = (text: string): string => {
  const result = testEventCodeSchema.safeParse(text)
  if (result.success) return result.data
  throw new UsageError(`the test code ${result.error.issues[0]?.message}`)
}

const answerText = ({ verdict, code, requestId, reason }: SentTestEvent) =>
  code === null
    ? `TikTok did not answer: ${reason}`
    : `TikTok answered ${code} (${verdict})${requestId === null ? '' : `, request ${requestId}`}`

const send = (id: string, { code, json }: ConnectionsOutput & { code?: string }) => {
  const given = code === undefined ? null : codeIn(code)
  return withContext((context) =>
    withOpenConnections(context, async ({ directory, keyring }) => {
      const connection = directory.byId(id)
      if (!connection) throw new ConnectionUnknown(id)
      await audited(context, 'connections.test_event', id)
      const destination = {
        TIKTOK_BASE_URL: openTikTok(context).baseUrl,
        TIKTOK_WIRE_PROFILE: context.env.TIKTOK_WIRE_PROFILE || undefined,
      }
      try {
        const sent = await sendTestEvent(connection, given, {
          destination,
          keyring,
          clock: systemClock,
          post: postOnce,
        })
        if (sent.verdict !== 'accepted') process.exitCode = exitCodes.failed
        if (json) return printJson(sent)
        print(
          `test event ${sent.eventId} of event set ${sent.eventSetId}, code ${sent.testEventCode}: ${answerText(sent)}`,
        )
      } catch (error) {
        throw error instanceof NoTestEvent ? new Refused(error.message) : error
      }
    }),
  )
}

const setCode = (
  id: string,
  code: string | undefined,
  { clear, ...options }: ConnectionsOutput & { clear?: boolean },
) => {
  if ((code === undefined) === !clear)
    throw new UsageError('name the code that TikTok Events Manager shows, or --clear to have events count again')
  const given = code === undefined ? null : codeIn(code)
  return withContext((context) =>
    withOpenConnections(context, async (connections) => {
      await audited(context, 'connections.test_code', id)
      const record = await setTestCode(id, given, connections, author())
      const done = given === null ? 'sends events that count' : `sends test events only, with code ${given}`
      await printOrJson(context, record, done, options)
    }),
  )
}

export const registerTestEvents = (connections: Command) => {
  connections
    .command('test-event <id>')
    .description('send one event for the test page of its event set; it counts nowhere')
    .option('--code <code>', 'that TikTok Events Manager shows; default: the connection’s')
    .option('--json', 'one JSON value')
    .action(send)
  connections
    .command('test-code <id> [code]')
    .description('have all its events sent as tests, which count nowhere, until it is cleared')
    .option('--clear', 'its events count again')
    .option('--json', 'one JSON value')
    .action(setCode)
}
