/** Attribution whose Redis comes back without its last acknowledged writes. */

import { checkpointed } from '../../../services/runtime/batch/checkpoints/checkpointed-stage.ts'
import { PartitionCheckpoints } from '../../../services/runtime/batch/checkpoints/checkpoints.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { RebuildingStore, type RebuildStateTools } from '../../../services/runtime/versioned-state/rebuilding-store.ts'
import { parts } from '../../../services/runtime/versioned-state/store.ts'
import { stateFromRecord } from '../../../services/shared/conversations/record.ts'
import type { ConversationState } from '../../../services/shared/conversations/state.ts'
import { RedisConversationStore } from '../../../services/shared/conversations/store.ts'
import type { Message } from '../../../services/shared/model/topic-values.ts'
import { attributionWorld } from '../../support/attribution-world.ts'
import { noon } from '../../support/builders.ts'
import { SimulatedRedisServer } from '../../support/simulated-redis.ts'

const topics = ['messages.v1', 'messages.attribution.later-1s.v1', 'messages.attribution.later-5s.v1']

/** @param hasCheckpoints false: as it was before there were checkpoints */
const world = async (server: SimulatedRedisServer, hasCheckpoints = true) => {
  const redis = server.client()
  const rebuilds: number[] = []
  const readTopic: RebuildStateTools<ConversationState>['readTopic'] = async (onBatch, since) => {
    rebuilds.push(since)
    const entries = made.touches.map((value, at) => ({
      conversation: value.conversation,
      state: stateFromRecord(value),
      changedAt: made.touchedAt[at] as number,
    }))
    await onBatch(entries.filter(({ changedAt }) => changedAt >= since))
  }
  const store = new RebuildingStore({
    store: new RedisConversationStore(redis, 3_600),
    readTopic,
    disconnects: () => redis.disconnects,
    now: () => noon,
  })
  const offsets = () => topics.map((topic) => made.nextOffsets.get(topic) ?? 0n)
  let processed = topics.map(() => 0n)
  const committed = async () => new Map([[0, processed]])
  const checkpoints = new PartitionCheckpoints({ redis, name: 'attribution', topics, tags: parts, committed })
  const made: Awaited<ReturnType<typeof attributionWorld>> = await attributionWorld(
    {},
    {
      store,
      ...(hasCheckpoints && {
        wrap: (stage) =>
          checkpointed(stage, {
            redis,
            checkpointsOf: () => checkpoints,
            writes: 'save',
            rebuild: ({ since }) => store.restoreSince(since),
          }) as never,
      }),
    },
  )
  /** Repeats while a dependency fails, as the loop does. */
  const run = async (...batch: Message[]) => {
    for (;;) {
      try {
        const outcomes = await made.run(...batch)
        processed = offsets()
        return outcomes
      } catch (error) {
        if (!(error instanceof DependencyError)) throw error
      }
    }
  }
  return { ...made, attributed: made.attributed, run, rebuilds, checkpoints }
}

type World = Awaited<ReturnType<typeof world>>

const people = Array.from({ length: 8 }, (_, n) => n.toString(16).padStart(2, '0').repeat(16))
/** The first message of each person, then a referral for some, then a message that must not start the conversation again. */
const story = ({ messageAt }: World): Message[][] => [
  people.map((conversation, n) => messageAt(0, { conversation, text: `https://x.example/?ttclid=T${n}` })),
  people
    .slice(0, 4)
    .map((conversation, n) => messageAt(1, { conversation, kind: 'referral', referral: { adId: `7${n}` } })),
  people.map((conversation) => messageAt(2, { conversation, text: 'hola' })),
]
const decisions = ({ attributed }: World) =>
  attributed.map(({ message, trackingId, startsConversation }) => [message.message, trackingId, startsConversation])

describe('attribution whose Redis has lost its last writes', () => {
  const undisturbed = async () => {
    const one = await world(new SimulatedRedisServer())
    for (const batch of story(one)) await one.run(...batch)
    return decisions(one)
  }

  it.each([1, 3, 9, 13, 100])(
    'decides as if nothing had happened, with %i writes lost between any two batches',
    async (lost) => {
      const server = new SimulatedRedisServer()
      const disturbed = await world(server)
      for (const batch of story(disturbed)) {
        await disturbed.run(...batch)
        server.crash(lost)
        // A new process, or the same one.
        if (lost % 2 === 0) disturbed.checkpoints.assigned()
      }
      expect(decisions(disturbed)).toEqual(await undisturbed())
      expect(disturbed.rebuilds.length).toBeGreaterThan(0)
    },
  )

  it('would decide otherwise without checkpoints', async () => {
    const server = new SimulatedRedisServer()
    const disturbed = await world(server, false)
    for (const batch of story(disturbed)) {
      await disturbed.run(...batch)
      server.crash(3)
    }
    expect(decisions(disturbed)).not.toEqual(await undisturbed())
  })

  it('reads only what was recorded since the last write that is left', async () => {
    const server = new SimulatedRedisServer()
    const disturbed = await world(server)
    const [first, second, third] = story(disturbed) as [Message[], Message[], Message[]]
    await disturbed.run(...first)
    disturbed.stopUntil(600_000)
    await disturbed.run(...second)
    server.crash(1)
    await disturbed.run(...third)
    expect(disturbed.rebuilds).toEqual([0, noon])
  })

  it('finds nothing missing after a start, also where the last slices changed nothing', async () => {
    const server = new SimulatedRedisServer()
    const one = await world(server)
    for (const batch of story(one)) await one.run(...batch)
    // Copies: decided already.
    await one.run(...(story(one)[2] as Message[]))
    await new Promise(setImmediate)
    const before = one.rebuilds.length
    one.checkpoints.assigned()
    await one.run(...(story(one)[2] as Message[]))
    expect(one.rebuilds.length).toBe(before)
  })
})
