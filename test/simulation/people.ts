/** What the people of a simulation write, and what TikTok must have counted in the end. */
import { consumerGroups } from '../../services/consumer-groups.ts'
import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { Codec } from '../../services/runtime/topics/codec.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import { topics } from '../../services/topology.ts'
import { noReferral } from '../support/attribution-world.ts'
import { noon } from '../support/builders.ts'
import type { SimulatedKafka } from './kafka.ts'
import { waitMs } from './simulation.ts'
import type { Random } from './time.ts'

export interface Person {
  readonly conversationId: string
  /** The ad that led to the conversation; null: none. */
  readonly adId: string | null
  /** Number of different messages. */
  readonly messages: number
  readonly events: readonly {
    /** ms after the beginning */
    readonly at: number
    readonly partition: number
    readonly fields: Partial<MessageEvent>
  }[]
}

const count = 24
/** A stop of attribution that ends later than this after the wait may cost the referral. */
const longStopMs = 5_000
const spanMs = 150_000
/** Some begin at one moment, as after a broadcast: records of several partitions come at once. */
const moments = 8

/**
 * Each writes a few messages; some come by an ad, whose referral comes before or after the first message; some events come twice. Where
 * there are two ways in, the referral is written before the message, to another partition.
 */
export const story = (random: Random, partitions: number, hasTwoWays: boolean): Person[] => {
  const begins = Array.from({ length: moments }, () => random.between(2_000, spanMs))
  return Array.from({ length: count }, (_, n) => {
    const conversationId = `person-${n}`
    const begin = random.pick(begins)
    const partition = n % partitions
    const common = { conversationId, source: 'whatsapp' }
    const messages = random.between(1, 4)
    const adId = random.chance(0.6) ? String(7_000_000 + n) : null
    const sent = Array.from({ length: messages }, (_, m) => {
      const at = begin + (m === 0 ? 0 : random.between(1, 40_000))
      return {
        at,
        partition,
        fields: { ...common, messageId: `m-${n}-${m}`, occurredAt: noon + at, text: `text ${m}` },
      }
    })
    if (adId !== null) {
      const clickedAt = begin - random.between(1, 2_000)
      const at = clickedAt + random.between(0, 9_000)
      const referral = { ...noReferral, adId }
      const fields = {
        ...common,
        messageId: `r-${n}`,
        kind: 'referral' as const,
        occurredAt: noon + clickedAt,
        text: null,
        referral,
      }
      sent.push({
        at: hasTwoWays ? clickedAt : at,
        partition: hasTwoWays ? (partition + 1) % partitions : partition,
        fields: fields as never,
      })
    }
    // A source delivers an event again; a connector may write the copy to another partition.
    const copies = sent
      .filter(() => random.chance(0.3))
      .map((event) => ({
        ...event,
        at: event.at + random.between(10, 60_000),
        partition: random.between(0, partitions - 1),
      }))
    return { conversationId, adId, messages, events: [...sent, ...copies] }
  })
}

interface End {
  readonly people: readonly Person[]
  readonly kafka: SimulatedKafka
  readonly codec: Codec
  readonly keyring: Keyring
  /** By event id, the tracking ID that TikTok got first. */
  readonly counted: ReadonlyMap<string, string | null>
  readonly isDrained: boolean
}

const drained = (kafka: SimulatedKafka): boolean =>
  consumerGroups
    .filter(({ lane }) => lane === 'main' || lane === 'waiting')
    .every(({ group, topic }) =>
      Array.from({ length: kafka.partitions }, (_, n) => n).every(
        (n) => kafka.committed(group, topic, n) >= BigInt(kafka.log(topic, n).length),
      ),
    )

const waiting = (kafka: SimulatedKafka): string[] =>
  consumerGroups.flatMap(({ group, topic, lane }) => {
    const left = Array.from({ length: kafka.partitions }, (_, n) =>
      Number(BigInt(kafka.log(topic, n).length) - kafka.committed(group, topic, n)),
    )
    const isRead = lane === 'main' || lane === 'waiting'
    return isRead && left.some((count) => count > 0) ? [`${topic}: ${left.join(', ')} records wait for ever`] : []
  })

const problemsOf = ({ people, kafka, codec, keyring, counted, isDrained }: End): string[] => {
  const problems: string[] = []
  if (!isDrained) problems.push(...waiting(kafka))
  const account = '106540352242922'
  const received = kafka.all(topics.messages.name).map((record) => ({
    at: record.timestamp,
    value: codec.decode('messages', record),
  }))
  const attributed = kafka.all(topics.attributedMessages.name).map((record) => ({
    at: record.timestamp,
    value: codec.decode('attributedMessages', record),
  }))
  const signals = kafka.all(topics.signals.name).map((record) => codec.decode('signals', record))
  for (const { conversationId, adId, messages } of people) {
    const conversation = keyring.pseudonym('conversation', 'whatsapp', account, conversationId)
    const own = attributed.filter(({ value }) => value.message.conversation === conversation)
    const forwarded = new Set(own.map(({ value }) => value.message.message))
    if (forwarded.size !== messages)
      problems.push(`${conversationId}: ${messages} messages, ${forwarded.size} forwarded`)
    const starts = own.filter(({ value }) => value.startsConversation)
    const ids = new Set(starts.map(({ value }) => value.message.message))
    if (ids.size !== 1) problems.push(`${conversationId}: started by ${ids.size} messages`)
    const events = [...ids].map((id) => keyring.pseudonym('signal', 'acme-wa', conversation, id, 'conversation'))
    for (const id of events) if (!counted.has(id)) problems.push(`${conversationId}: its signal did not reach TikTok`)
    // A start that is decided again may be published again with another id; dispatch sends the first.
    const credited = counted.get(events[0] ?? '') ?? null
    const first = Math.min(...starts.map(({ value }) => value.message.receivedAt))
    // Both are right if the referral passed ingest too late for the wait, or attribution was stopped long after it.
    const referralAt = received.find(
      ({ value }) => value.conversation === conversation && value.kind === 'referral',
    )?.at
    const isInTime = referralAt !== undefined && referralAt < first + waitMs - 5_000
    const decidedAt = Math.min(...starts.map(({ at }) => at))
    const isLenient = !isInTime || decidedAt > first + waitMs + longStopMs
    if (credited !== adId && !(credited === null && isLenient))
      problems.push(`${conversationId}: credited to ${credited}, not to ${adId}`)
  }
  const known = new Set(signals.map(({ signalId }) => signalId))
  if (counted.size !== people.length) problems.push(`TikTok counted ${counted.size} conversations of ${people.length}`)
  if (counted.size !== known.size) problems.push(`${known.size} signals, ${counted.size} at TikTok`)
  return problems
}

export const oracle = {
  isDrained: (kafka: SimulatedKafka) => () => drained(kafka),
  problems: problemsOf,
}
