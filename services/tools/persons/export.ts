/** Everything that the pipeline holds of one person and can still read, for a request of access. */
import type { ConversationState } from '../../attribution/state/state.ts'
import type { ConversationStore } from '../../attribution/state/store.ts'
import { decodable } from '../../failures.ts'
import { headerNames } from '../../runtime/batch/record-headers.ts'
import { type Keyring, SealBroken, type SealingKey } from '../../runtime/keys/keyring.ts'
import { type Content, openContent, openOutcome } from '../../runtime/keys/sealed-content.ts'
import type { ConsumedRecord } from '../../runtime/ports.ts'
import { readInBatches } from '../../runtime/topics/read-topic.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { ReportedOutcome } from '../../shared/model/outcomes/reported-outcome.ts'
import {
  type Delivery,
  type Message,
  type Pseudonym,
  type Signal,
  signalKinds,
  type TopicValues,
  type Touches,
} from '../../shared/model/topic-values.ts'
import { markOf } from '../../shared/persons/suppressions.ts'
import { replayTopic, topics } from '../../topology.ts'
import { type ErasingTools, findConversations } from './erase-conversations.ts'
import { isOfPerson, type PersonIds, pseudonymOf } from './person.ts'

export interface ExportTools extends Pick<ErasingTools, 'broker' | 'codec'> {
  readonly keyring: Keyring
  readonly directory: Pick<ConnectionDirectory, 'byAccount' | 'byId'>
  readonly store: Pick<ConversationStore, 'read'>
}

export interface PersonExport {
  readonly source: string
  readonly connectionId: string | null
  /** Under these keyed hashes the pipeline knows the conversation. */
  readonly pseudonyms: readonly Pseudonym[]
  /** Records of `touches.v1`. */
  readonly touches: readonly Touches[]
  /** Conversations in Redis. */
  readonly state: readonly ConversationState[]
  /** With their content; null where it cannot be opened any more. */
  readonly messages: readonly (Omit<Message, 'content' | 'outcome'> & {
    readonly content: Content | null
    readonly outcome: ReportedOutcome | null
  })[]
  readonly signals: readonly Signal[]
  readonly deliveries: readonly Delivery[]
}

/**
 * @param tenant whose connections it is about: the account may have been another tenant's before; null: all
 * @throws DependencyError
 */
export const exportPerson = async (
  person: PersonIds,
  tools: ExportTools,
  tenant: string | null = null,
): Promise<PersonExport> => {
  const { broker, codec, keyring, directory, store } = tools
  const isOfTenant = ({ connectionId }: { readonly connectionId: string }) =>
    tenant === null || directory.byId(connectionId)?.tenantId === tenant
  const conversation = pseudonymOf(person, keyring)
  const found = await findConversations(isOfPerson(conversation), tools)
  const touches = [...found.values()].filter(isOfTenant)
  const pseudonyms = [...new Set([conversation, ...touches.flatMap((one) => [one.conversation, ...one.aliases])])]
  const ids = new Set(pseudonyms)

  const opened = <Value>(
    sealed: Buffer | null,
    { connectionId, message }: Message,
    open: (sealed: Buffer, key: SealingKey, message: Pseudonym) => Value,
  ): Value | null => {
    const dataKey = directory.byId(connectionId)?.dataKey
    if (sealed === null || !dataKey) return null
    try {
      return open(sealed, keyring.connectionKey(connectionId, dataKey), message)
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }
  const collect = async <T extends 'messages' | 'signals' | 'deliveries'>(
    topic: string,
    name: T,
    isWanted: (value: TopicValues[T], record: ConsumedRecord) => boolean,
  ): Promise<TopicValues[T][]> => {
    const found: TopicValues[T][] = []
    await readInBatches(broker, topic, async (records) => {
      await codec.prepare(records)
      for (const record of records) {
        const value = decodable(() => codec.decode(name, record))
        if (value && isOfTenant(value) && isWanted(value, record)) found.push(value)
      }
    })
    return found
  }
  const messages = await collect(topics.messages.name, 'messages', (one) => ids.has(one.conversation))
  const signalIds = new Set(
    messages.flatMap(({ connectionId, conversation: id, message }) =>
      signalKinds.map((kind) => keyring.signalId(connectionId, id, message, kind)),
    ),
  )
  // The id of an outcome follows from its window, so the header tells whose it is.
  const marks = new Set(pseudonyms.map((id) => markOf(id, keyring)))
  const isOfThem = ({ signalId }: { readonly signalId: string }) => signalIds.has(signalId)
  const isSignalOfThem = (signal: Signal, { headers }: ConsumedRecord) => {
    if (marks.has(headers[headerNames.suppressionMark] ?? '')) signalIds.add(signal.signalId)
    return isOfThem(signal)
  }
  const signals = [
    ...(await collect(topics.signals.name, 'signals', isSignalOfThem)),
    ...(await collect(replayTopic, 'signals', isSignalOfThem)),
  ]
  return {
    source: person.source,
    connectionId: directory.byAccount(person.source, person.accountId)?.connectionId ?? null,
    pseudonyms,
    touches,
    state: (await store.read(pseudonyms)).filter((one) => one !== null),
    messages: messages.map((message) => ({
      ...message,
      content: opened(message.content, message, openContent),
      outcome: opened(message.outcome, message, openOutcome),
    })),
    signals,
    deliveries: await collect(topics.deliveries.name, 'deliveries', isOfThem),
  }
}
