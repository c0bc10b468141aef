import { conversationStoreContract } from '../../../support/conversation-store.contract.ts'
import { MemoryConversationStore } from '../../../support/memory-conversation-store.ts'

conversationStoreContract('memory', () => new MemoryConversationStore())
