/** How a message came to the stage: new or from a delay, late or not, in order or not. And in which order a batch is decided. */
import { laterTopic } from '../derived-topics.ts'
import { headerNames } from '../runtime/batch/record-headers.ts'
import type { Input } from '../runtime/batch/stage.ts'
import type { ConsumedRecord } from '../runtime/ports.ts'
import { shortId } from '../shared/conversations/state.ts'
import type { ConnectionRecord } from '../shared/model/connection-record.ts'
import type { Message } from '../shared/model/topic-values.ts'
import { delays, stages, topics } from '../topology.ts'
import type { AttributionSettings, Rules } from './attribute.ts'
import type { Arrival } from './waiting.ts'

const delayOfTopic = new Map(
  stages.attribution.delays.map((delay) => [laterTopic('attribution', delay), delays[delay]]),
)

const lateMsOf = ({ topic, timestamp }: ConsumedRecord, now: number): number =>
  now - timestamp - (delayOfTopic.get(topic) ?? 0)

/** Ingest may have read the message before an event that was written earlier. */
export const isUnordered = ({ record }: Input<Message>): boolean => record.headers[headerNames.unordered] !== undefined
/** The message has waited for a delay. */
export const hasComeRound = ({ record }: Input<Message>): boolean => record.topic !== topics.messages.name

/** @param ingestedUntil ms; 0: unknown */
export const ingestOf = (
  input: Input<Message>,
  { waitMs }: Pick<Rules, 'waitMs'>,
  ingestedUntil: number,
): Arrival['ingest'] => {
  if (!isUnordered(input)) return undefined
  // A wait for a referral that the channel sends later lasts its time.
  return waitMs === 0 && hasComeRound(input) && input.value.receivedAt <= ingestedUntil ? 'passed' : 'behind'
}

/** How long at most a start waits for ingest, ms. */
export const unorderedWaitMs = (
  { attributionWaitSeconds: wait }: Pick<ConnectionRecord, 'attributionWaitSeconds'>,
  { waitMs }: Pick<AttributionSettings, 'waitMs'>,
): number => (wait === null ? waitMs : wait * 1000)

export const arrivalOf = (input: Input<Message>, ingest: Arrival['ingest'], now: number): Arrival => {
  const { value, record } = input
  const moment = { message: shortId(value.message), occurredAt: value.occurredAt }
  const arrival = {
    moment,
    receivedAt: value.receivedAt,
    lateMs: lateMsOf(record, now),
    comesRound: hasComeRound(input),
  }
  return ingest === undefined ? arrival : { ...arrival, ingest }
}

/**
 * The order in which a batch is decided. Held messages go by event time. New messages keep their order, except that the referrals of
 * the batch go first. In a backlog, a referral may come after the message that waits for it.
 */
export const decisionOrder = (batch: readonly Input<Message>[]): readonly number[] => {
  const indexes = batch.map((_, index) => index)
  const at = (index: number) => (batch[index] as Input<Message>).value
  if (batch.some(hasComeRound)) {
    return indexes.sort((a, b) => at(a).occurredAt - at(b).occurredAt || (at(a).message < at(b).message ? -1 : 1))
  }
  const isReferral = (index: number) => at(index).kind === 'referral'
  return indexes.some(isReferral)
    ? [...indexes.filter(isReferral), ...indexes.filter((index) => !isReferral(index))]
    : indexes
}
