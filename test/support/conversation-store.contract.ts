import { type ConversationState, emptyState } from '../../services/attribution/state/state.ts'
import type { ConversationStore } from '../../services/attribution/state/store.ts'
import { noon } from './builders.ts'

const [one, other] = ['1a'.repeat(16), '2b'.repeat(16)]
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
      await store.write([{ conversation: one, state }])
      expect(await store.read([other, one])).toEqual([null, state])
    })

    it('overwrites', async () => {
      const store = open()
      await store.write([{ conversation: one, state }])
      await store.write([{ conversation: one, state: emptyState }])
      expect(await store.read([one])).toEqual([emptyState])
    })

    it('accepts empty lists', async () => {
      expect(await open().read([])).toEqual([])
      await open().write([])
    })
  })
