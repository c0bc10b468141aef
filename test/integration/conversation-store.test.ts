import { RedisConversationStore } from '../../services/attribution/store.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import type { RedisCommands } from '../../services/runtime/ports.ts'
import { conversationStoreContract } from '../support/conversation-store.contract.ts'
import { realParts } from '../support/real-parts.ts'

let redis: RedisCommands
beforeAll(() => {
  redis = openRedis(realParts().redis)
})
afterAll(() => redis.close())

conversationStoreContract('Redis', () => new RedisConversationStore(redis, 60))
