/**
 * One event of a connection for the test page of its event set. It goes to the destination at once and by no topic, so no report, no
 * sent log and no dedup key ever learns of it.
 */
import { randomBytes } from 'node:crypto'
import type { Answer, CallRequest, Judgement } from '../../dispatch/destinations/destination.ts'
import { openDestination } from '../../dispatch/wiring.ts'
import { ConfigError } from '../../runtime/config.ts'
import { type Keyring, SealBroken } from '../../runtime/keys/keyring.ts'
import type { Clock } from '../../runtime/ports.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { Signal } from '../../shared/model/topic-values.ts'

/** Nothing was sent; the message names the remedy. */
export class NoTestEvent extends Error {
  override readonly name = 'NoTestEvent'
}

export interface SentTestEvent extends Pick<Judgement, 'verdict' | 'code' | 'requestId' | 'reason'> {
  readonly connectionId: string
  readonly eventSetId: string
  /** TikTok shows it beside the event. */
  readonly eventId: string
  readonly testEventCode: string
  /** ms */
  readonly sentAt: number
}

export interface TestEventTools {
  /** Of dispatch; without a wire profile, that of the simulator. */
  readonly destination: { readonly TIKTOK_WIRE_PROFILE?: string | undefined; readonly TIKTOK_BASE_URL: string }
  readonly keyring: Pick<Keyring, 'unwrap'>
  readonly clock: Pick<Clock, 'now'>
  /** One call, such as `postOnce`. */
  post(url: string, call: CallRequest): Promise<Answer>
}

/** The least that an event set takes: a conversation without a tracking ID. */
const testSignal = ({ connectionId }: ConnectionRecord, now: number): Signal => ({
  signalId: `test-${randomBytes(12).toString('hex')}`,
  ...{ connectionId, kind: 'conversation', flags: [], trackingId: null, occurredAt: now, channel: 'other' },
  ...{ keywordListVersion: null, event: null, value: null, currency: null, origin: null, countOnly: false },
})

/** @throws NoTestEvent */
const openToken = (
  { connectionId, accessToken, status, sandbox }: ConnectionRecord,
  { keyring }: TestEventTools,
): string => {
  if (status === 'disconnected' || accessToken === null)
    throw new NoTestEvent(`${connectionId} has no token, so nothing can be sent; add it again`)
  if (sandbox) throw new NoTestEvent(`${connectionId} is a sandbox, of which nothing is sent; add it without sandbox`)
  try {
    return keyring.unwrap(accessToken, `token:${connectionId}`).toString()
  } catch (error) {
    if (error instanceof SealBroken)
      throw new NoTestEvent(`the token of ${connectionId} is sealed by another master key; add it again`)
    throw error
  }
}

/** @throws NoTestEvent */
const openedDestination = ({ destination }: TestEventTools) => {
  try {
    return openDestination(destination).destination
  } catch (error) {
    throw error instanceof ConfigError ? new NoTestEvent(error.message) : error
  }
}

/**
 * @param code null: that of the connection
 * @throws NoTestEvent
 */
export const sendTestEvent = async (
  connection: ConnectionRecord,
  code: string | null,
  tools: TestEventTools,
): Promise<SentTestEvent> => {
  const { connectionId, eventSetId } = connection
  const testEventCode = code ?? connection.testEventCode
  if (testEventCode === null)
    throw new NoTestEvent(
      `no test code is known for ${connectionId}: name the one that TikTok Events Manager shows on the page of event set ${eventSetId}`,
    )
  const token = openToken(connection, tools)
  const destination = openedDestination(tools)
  const sentAt = tools.clock.now()
  const signal = testSignal(connection, sentAt)
  const call = destination.encode({ eventSetId, testEventCode }, token, [signal])
  const judged = destination.judge(await tools.post(destination.url, call))
  const { verdict, code: answered, requestId, reason } = judged
  const sent = { connectionId, eventSetId, eventId: signal.signalId, testEventCode, sentAt }
  return { ...sent, verdict, code: answered, requestId, reason }
}
