/** Checks the clock of the gateway: the newest delivery has its time of receipt and Kafka's time of storing. */
import type { ConsumedRecord, OffsetRange } from '../../../../runtime/ports.ts'
import { channelEventHeaders } from '../../../../shared/model/channel-event.ts'
import { topics } from '../../../../topology.ts'
import { type CheckResult, checkResultsOf } from '../../check-result.ts'
import type { DiagnosticsContext } from '../../diagnostics-context.ts'

const { good, bad } = checkResultsOf('stages')
const maxAheadMs = 1_000
/** A delivery is stored after it was received, late where Kafka was away meanwhile. */
const maxBehindMs = 60_000
/** Nothing commits under it. */
const queryGroup = 'signals-doctor'
const remedy =
  "synchronise the clocks (NTP): waits for a referral, consent and lag count from the gateway's time of receipt"

/** Received minus stored, ms; null for a record that the gateway did not write. */
const skewOf = ({ headers, timestamp }: ConsumedRecord): number | null => {
  const receivedAt = Number(headers[channelEventHeaders.receivedAt])
  const isOfGateway = headers[channelEventHeaders.verifiedBy] !== undefined
  return isOfGateway && Number.isFinite(receivedAt) ? receivedAt - timestamp : null
}

export const gatewayClock = async ({ broker: open }: DiagnosticsContext): Promise<CheckResult[]> => {
  const broker = open()
  const topic = topics.channelEvents.name
  const existing = await broker.listTopics()
  // The Kafka check reports a missing topic.
  if (!existing.some(({ name }) => name === topic)) return []
  const [ends = []] = await broker.progress([{ group: queryGroup, topic }])
  const ranges = ends
    .filter(({ low, high }) => high > low)
    .map(({ partition, high }): OffsetRange => ({ partition, from: high - 1n, to: high }))
  const newest: ConsumedRecord[] = []
  await broker.read(topic, ranges, (records) => void newest.push(...records))
  newest.sort((a, b) => b.timestamp - a.timestamp)
  const skew = newest.map(skewOf).find((one) => one !== null) ?? 0
  if (skew > maxAheadMs)
    return [bad(`the gateway's clock is at least ${(skew / 1_000).toFixed(1)} s ahead of Kafka's`, remedy)]
  if (-skew > maxBehindMs)
    return [bad(`the gateway's clock is about ${(-skew / 1_000).toFixed(0)} s behind Kafka's`, remedy)]
  return [good("the gateway's clock agrees with Kafka's")]
}
