import { StateChanged } from '../../services/runtime/versioned-state/store.ts'
import { type ConversationState, emptyState } from '../../services/shared/conversations/state.ts'
import type { ConversationStore } from '../../services/shared/conversations/store.ts'
import { noon } from './builders.ts'

/** Each test has its own. */
const id = (digits: string) => digits.repeat(16)
const [one, other, two, three, four, five] = [id('1a'), id('2b'), id('1c'), id('3d'), id('3e'), id('4f')]
const state: ConversationState = {
  ...emptyState,
  startedBy: 'aa'.repeat(6),
  startedAt: noon,
  firstMessages: [
    { message: 'aa'.repeat(6), occurredAt: noon },
    { message: 'bb'.repeat(6), occurredAt: noon + 9 },
  ],
  touches: [{ occurredAt: noon - 5, trackingId: 'E.C.P.ñ', message: null, within: 0 }],
  version: 3,
}

/** Run against memory in test/unit and against real Redis in test/integration. */
export const conversationStoreContract = (name: string, open: () => ConversationStore) =>
  describe(`${name} honours the conversation-store contract`, () => {
    it('returns what was written, in the requested order, null for an unknown conversation', async () => {
      const store = open()
      await store.write([{ conversation: one, state, basedOn: 0 }])
      expect(await store.read([other, one])).toEqual([null, state])
    })

    it('replaces the state that the new one was made from', async () => {
      const store = open()
      const newer = { ...emptyState, version: 4 }
      await store.write([{ conversation: two, state, basedOn: 0 }])
      await store.write([{ conversation: two, state: newer, basedOn: 3 }])
      expect(await store.read([two])).toEqual([newer])
    })

    it('keeps a state that was changed since it was read, writes the others, and says so', async () => {
      const store = open()
      await store.write([{ conversation: three, state, basedOn: 0 }])
      const late = { ...emptyState, version: 3 }
      const writing = store.write([
        { conversation: three, state: late, basedOn: 2 },
        { conversation: four, state: late, basedOn: 2 },
      ])
      await expect(writing).rejects.toThrow(StateChanged)
      expect(await store.read([three, four])).toEqual([state, late])
    })

    it('takes a version that is too high to be stored for the highest one', async () => {
      const store = open()
      await store.write([{ conversation: five, state: { ...state, version: 70_000 }, basedOn: 0 }])
      const [stored] = await store.read([five])
      await store.write([
        { conversation: five, state: { ...emptyState, version: 70_001 }, basedOn: stored?.version ?? 0 },
      ])
      expect((await store.read([five]))[0]?.startedBy).toBeNull()
    })

    it('accepts empty lists', async () => {
      expect(await open().read([])).toEqual([])
      await open().write([])
    })
  })
