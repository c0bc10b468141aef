import { openRedis } from '../../services/runtime/adapters/redis.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { parts, StateLost } from '../../services/runtime/versioned-state/store.ts'
import { emptyState } from '../../services/shared/conversations/state.ts'
import { RedisConversationStore } from '../../services/shared/conversations/store.ts'
import { conversationStoreContract } from '../support/conversation-store.contract.ts'
import { realParts } from '../support/real-parts.ts'

let redis: RedisCommands
let store: RedisConversationStore
beforeAll(async () => {
  redis = openRedis(realParts().redis)
  store = new RedisConversationStore(redis, 60)
  await store.begin(parts, 'contract')
  await store.complete(parts, 'contract')
})
afterAll(() => redis.close())

conversationStoreContract('Redis', () => store)

describe('erased conversations', () => {
  it('are gone, but for one that has changed since', async () => {
    const [gone, changed, unknown] = ['8f', '80', '81'].map((digits) => digits.repeat(16)) as [string, string, string]
    const of = (version: number) => ({ ...emptyState, version })
    await store.write([
      { conversation: gone, state: of(4), basedOn: 0 },
      { conversation: changed, state: of(5), basedOn: 0 },
    ])
    expect(await store.erase([gone, changed, unknown].map((conversation) => ({ conversation, version: 4 })))).toBe(1)
    expect(await store.read([gone, changed, unknown])).toEqual([null, of(5), null])
  })
})

describe('rebuilt conversations', () => {
  const conversation = '5c'.repeat(16)
  const state = (version: number) => ({ ...emptyState, startedBy: 'aa'.repeat(6), startedAt: 1, version })
  const now = Date.now()

  it('never overwrite newer ones', async () => {
    await store.write([{ conversation, state: state(3), basedOn: 0 }])
    await store.restore([{ conversation, state: state(2), changedAt: now }], now)
    expect(await store.read([conversation])).toEqual([state(3)])
    await store.restore([{ conversation, state: state(300), changedAt: now }], now)
    expect(await store.read([conversation])).toEqual([state(300)])
  })

  it('are deleted by a tombstone, in the order of the records', async () => {
    const erased = '7e'.repeat(16)
    const entries = (...states: (typeof emptyState | null)[]) =>
      states.map((one) => ({ conversation: erased, state: one, changedAt: now }))
    await store.restore(entries(state(9), null), now)
    expect(await store.read([erased])).toEqual([null])
    await store.restore(entries(state(9), null, state(1)), now)
    expect(await store.read([erased])).toEqual([state(1)])
  })

  it('expire by the time of their record', async () => {
    const old = '6d'.repeat(16)
    await store.restore([{ conversation: old, state: state(1), changedAt: now - 61_000 }], now)
    expect(await store.read([old])).toEqual([null])
  })

  it('are complete only if nothing was lost during the rebuild; a read before that throws', async () => {
    const part = conversation[0] as string
    // Let the marker expire, as if lost by FLUSHALL.
    await redis.setMany([{ key: `{${part}}conversations:complete`, value: Buffer.from('1'), ttlSeconds: 1 }])
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await expect(store.read([conversation])).rejects.toThrow(StateLost)
    expect(await store.lost()).toEqual([part])
    expect(await store.complete([part], 'never begun')).toEqual([part])
    await store.begin([part], 'one')
    expect(await store.complete([part], 'one')).toEqual([])
    expect(await store.read([conversation])).toEqual([state(300)])
  })
})
