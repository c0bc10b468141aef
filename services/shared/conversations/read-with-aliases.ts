/** Reads the states of conversations, with those of their other ids. */
import type { Pseudonym } from '../model/topic-values.ts'
import { type ConversationState, emptyState } from './state.ts'
import type { ConversationReader } from './store.ts'

/** Each id's record names all others of its conversation, so two round trips find them. */
const maxTrips = 3

/**
 * @returns by each of the ids that were read; `emptyState` for one that is not stored
 * @throws StateLost, DependencyError
 */
export const readWithAliases = async (
  store: ConversationReader,
  conversations: readonly Pseudonym[],
): Promise<ReadonlyMap<Pseudonym, ConversationState>> => {
  const states = new Map<Pseudonym, ConversationState>()
  let wanted = new Set(conversations)
  // A second round trip is needed only for aliases that the caller does not name. Ids that name ever further ones end at the limit.
  for (let trips = 0; wanted.size > 0 && trips < maxTrips; trips++) {
    const ids = [...wanted]
    const found = await store.read(ids)
    wanted = new Set()
    ids.forEach((id, index) => {
      const state = found[index] ?? emptyState
      states.set(id, state)
      for (const alias of state.aliases) wanted.add(alias)
    })
    for (const id of states.keys()) wanted.delete(id)
  }
  return states
}
