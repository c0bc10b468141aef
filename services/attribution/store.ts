/** Where conversations are remembered: read and written many at a time. */
import avro from 'avsc'
import type { Pseudonym } from '../model/topic-values.ts'
import type { RedisCommands } from '../runtime/ports.ts'
import type { ConversationState } from './state.ts'

export interface ConversationStore {
  /** One per conversation, in order; null where nothing is known. */
  read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]>
  /** Overwrites. */
  write(entries: readonly { readonly conversation: Pseudonym; readonly state: ConversationState }[]): Promise<void>
}

const id = { type: 'fixed', name: 'Id', size: 8 }
/** Private to Redis and to this version: a value that does not decode is treated as absent and rebuilt. */
const type = avro.Type.forSchema({
  type: 'record',
  name: 'State',
  fields: [
    { name: 'startedBy', type: ['null', id] },
    { name: 'startedAt', type: ['null', 'long'] },
    { name: 'firstMessages', type: { type: 'array', items: 'Id' } },
    {
      name: 'touches',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Touch',
          fields: [
            { name: 'occurredAt', type: 'long' },
            { name: 'trackingId', type: 'string' },
          ],
        },
      },
    },
  ],
} as never)

interface Packed {
  startedBy: Buffer | null
  startedAt: number | null
  firstMessages: Buffer[]
  touches: { occurredAt: number; trackingId: string }[]
}

const bytes = (hex: string) => Buffer.from(hex, 'hex')

export const pack = ({ startedBy, startedAt, firstMessages, touches }: ConversationState): Buffer =>
  type.toBuffer({
    startedBy: startedBy === null ? null : bytes(startedBy),
    startedAt,
    firstMessages: firstMessages.map(bytes),
    touches,
  })

export const unpack = (value: Buffer): ConversationState => {
  const { startedBy, startedAt, firstMessages, touches } = type.fromBuffer(value) as Packed
  return {
    startedBy: startedBy?.toString('hex') ?? null,
    startedAt,
    firstMessages: firstMessages.map((message) => message.toString('hex')),
    touches: touches.map(({ occurredAt, trackingId }) => ({ occurredAt, trackingId })),
  }
}

/** `c:` and the pseudonym in base64: half the length of its hex. */
const keyOf = (conversation: Pseudonym) => `c:${Buffer.from(conversation, 'hex').toString('base64url')}`

export class RedisConversationStore implements ConversationStore {
  readonly #redis: RedisCommands
  readonly #ttlSeconds: number
  /** @param ttlSeconds how long a conversation is remembered after its last change */
  constructor(redis: RedisCommands, ttlSeconds: number) {
    this.#redis = redis
    this.#ttlSeconds = ttlSeconds
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    const values = await this.#redis.getMany(conversations.map(keyOf))
    return values.map((value) => (value === null ? null : unpack(value)))
  }

  async write(
    entries: readonly { readonly conversation: Pseudonym; readonly state: ConversationState }[],
  ): Promise<void> {
    await this.#redis.setMany(
      entries.map(({ conversation, state }) => ({
        key: keyOf(conversation),
        value: pack(state),
        ttlSeconds: this.#ttlSeconds,
      })),
    )
  }
}
