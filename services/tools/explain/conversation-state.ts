/**
 * All ids of a conversation, and what attribution knows of it: a person may have a phone number and an id of the business, and messages
 * under each. Asked of attribution's store; of its topic where Redis has lost it.
 */
import { stateFromRecord } from '../../attribution/state/record.ts'
import { type ConversationState, emptyState, merged } from '../../attribution/state/state.ts'
import type { ConversationStore } from '../../attribution/state/store.ts'
import { DependencyError } from '../../runtime/ports.ts'
import { maxAliases } from '../../shared/model/message-event.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import { type ReadingTools, readRecords } from './topic-records.ts'

export interface StateTools extends Pick<ReadingTools, 'broker' | 'codec'> {
  readonly store: Pick<ConversationStore, 'read'>
}

export interface KnownConversation {
  /** The one asked for comes first. */
  readonly ids: readonly Pseudonym[]
  readonly state: ConversationState
}

type States = ReadonlyMap<Pseudonym, ConversationState>

/** Each id's record names all others of its conversation, so few trips find them. */
const maxTrips = 4

/** @throws DependencyError */
const recorded = async (ids: readonly Pseudonym[], tools: StateTools): Promise<States> => {
  const found = new Map<Pseudonym, ConversationState>()
  const from = { topic: topics.touches.name, name: 'touches', keys: new Set(ids), window: { since: 0 } } as const
  await readRecords(tools, from, (touches, { key }) => void found.set(key as Pseudonym, stateFromRecord(touches)))
  return found
}

const statesOf = async (ids: readonly Pseudonym[], tools: StateTools): Promise<States> => {
  try {
    const found = await tools.store.read(ids)
    return new Map(ids.flatMap((id, at) => (found[at] ? [[id, found[at]] as const] : [])))
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error
    return recorded(ids, tools)
  }
}

/**
 * @param aliases ids that are known already
 * @param consent state of another consent is as good as none
 * @throws DependencyError
 */
export const findConversation = async (
  conversation: Pseudonym,
  aliases: readonly Pseudonym[],
  consent: number | null,
  tools: StateTools,
): Promise<KnownConversation> => {
  const states = new Map<Pseudonym, ConversationState>()
  const ids = new Set([conversation, ...aliases])
  const read = new Set<Pseudonym>()
  for (let trips = 0; trips < maxTrips && read.size < ids.size; trips++) {
    const unread = [...ids].filter((id) => !read.has(id)).slice(0, maxAliases + 1)
    for (const id of unread) read.add(id)
    for (const [id, state] of await statesOf(unread, tools)) {
      if (state.consent !== consent) continue
      states.set(id, state)
      for (const alias of state.aliases) ids.add(alias)
    }
  }
  const own = states.get(conversation) ?? emptyState
  const others = [...states].flatMap(([id, state]) => (id === conversation ? [] : [state]))
  const all = merged(own, others, [])
  // Each id holds back its own messages.
  const waits = [...states.values()]
  const until = Math.max(0, ...waits.map(({ waitUntil }) => waitUntil ?? 0))
  const waiting = waits.flatMap((state) => state.waiting)
  return { ids: [...ids], state: { ...all, waiting, waitUntil: until === 0 ? null : until } }
}
