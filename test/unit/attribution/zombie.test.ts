/**
 * An instance that is stopped between publishing and saving for longer than its session. Meanwhile its successor processes the same
 * batch, and more. Then the first one goes on.
 */
import { StateChanged } from '../../../services/runtime/versioned-state/store.ts'
import { attributionWorld } from '../../support/attribution-world.ts'
import { MemoryConversationStore } from '../../support/memory-conversation-store.ts'

const conversation = 'c1'.repeat(16)

/** A store whose writes wait, as those of a stopped process. */
class StoppedStore extends MemoryConversationStore {
  readonly waiting: (() => Promise<void>)[] = []
  constructor(shared: MemoryConversationStore) {
    super(shared.values)
  }
  override write(...args: Parameters<MemoryConversationStore['write']>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push(() => super.write(...args).then(resolve, reject))
    })
  }
}

describe('an instance that goes on after its successor has taken over', () => {
  it('keeps the state that the successor has written', async () => {
    const store = new MemoryConversationStore()
    const stopped = new StoppedStore(store)
    const [zombie, successor] = [await attributionWorld({}, { store: stopped }), await attributionWorld({}, { store })]
    const { messageAt } = successor
    const first = { conversation, text: 'https://x.example/?ttclid=first' }

    const saving = zombie.run(zombie.messageAt(0, first))
    while (stopped.waiting.length === 0) await new Promise(setImmediate)
    await successor.run(messageAt(0, first))
    await successor.run(messageAt(60_000, { conversation, kind: 'referral', referral: { adId: '9' } }))
    const [written] = await store.read([conversation])
    await Promise.all([stopped.waiting[0]?.(), expect(saving).rejects.toThrow(StateChanged)])

    expect(await store.read([conversation])).toEqual([written])
    expect(written?.touches.map(({ trackingId }) => trackingId)).toEqual(['first', '9'])
  })
})

describe('ids of one conversation that are not all read', () => {
  it('keep the records of those that were not', async () => {
    const ids = Array.from({ length: 6 }, (_, n) => `a${n}`.repeat(16))
    const store = new MemoryConversationStore()
    const { run, messageAt } = await attributionWorld({}, { store })
    // Each id names the next one only, so that reading all of them would take six round trips.
    for (const [n, id] of ids.entries()) {
      const text = `https://x.example/?ttclid=T${n}`
      await run(messageAt(n, { conversation: id, text }))
    }
    for (const [n, id] of ids.entries()) {
      const state = (await store.read([id]))[0]
      if (state && ids[n + 1]) {
        const changed = { ...state, aliases: [ids[n + 1] as string], version: state.version + 1 }
        await store.write([{ conversation: id, state: changed, basedOn: state.version }])
      }
    }
    await run(messageAt(100, { conversation: ids[0] as string, kind: 'referral', referral: { adId: '77' } }))
    for (const id of ids) expect((await store.read([id]))[0]?.startedBy).not.toBeNull()
  })
})
