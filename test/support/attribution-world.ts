/** The attribution stage with its topics in memory and a time that the test sets. */
import type { IngestPosition } from '../../services/attribution/ingest-position.ts'
import { attribution } from '../../services/attribution/stage.ts'
import { laterTopic } from '../../services/derived-topics.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Stage } from '../../services/runtime/batch/stage.ts'
import { sealContent } from '../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import type { ConversationStore } from '../../services/shared/conversations/store.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { Referral } from '../../services/shared/model/message-event.ts'
import type { AttributedMessage, Message, Touches } from '../../services/shared/model/topic-values.ts'
import { delays } from '../../services/topology.ts'
import { connectionRecord, consumedRecord, message, noon, testKeyring } from './builders.ts'
import { MemoryConversationStore } from './memory-conversation-store.ts'
import { MemoryRegistry } from './memory-registry.ts'

export const noReferral: Referral = {
  source: 'tiktok_ad',
  ref: null,
  adId: null,
  advertiserId: null,
  clickId: null,
  url: null,
}

type AnyStage = Stage<Message, unknown, unknown>

export type MessageFields = Partial<Message> & {
  text?: string
  links?: readonly string[]
  referral?: Partial<Referral>
}

interface DeferredMessage {
  readonly value: Message
  readonly topic: string
  /** When it was deferred, ms. */
  readonly timestamp: number
  readonly dueAt: number
}

type ToProcess = Pick<DeferredMessage, 'value' | 'topic'> & Partial<DeferredMessage>

/** A crash after a batch was published, before or after its changes were saved; the batch is then redelivered. */
export type Crash = 'before saving' | 'after saving'

/** Created once, because property tests open many worlds. */
const shared = (async () => ({ keyring: await testKeyring(), codec: await Codec.open(new MemoryRegistry()) }))()

export const attributionWorld = async (
  connection: Partial<ConnectionRecord> = {},
  options: {
    waitMs?: number
    store?: ConversationStore
    /** Whether ingest has marked the messages as unordered. */
    isUnordered?: boolean
    ingestPosition?: IngestPosition
    /** Adds checkpoints to the stage. */
    wrap?(stage: ReturnType<typeof attribution>): AnyStage
  } = {},
) => {
  const { keyring, codec } = await shared
  const dataKey = keyring.newDataKey('acme-wa')
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord({ dataKey, ...connection }))
  const memory = new MemoryConversationStore()
  const store = options.store ?? memory
  const attributing = attribution({
    directory,
    store,
    codec,
    keyring,
    waitMs: options.waitMs ?? 30_000,
    textWindowMs: 600_000,
    ...(options.ingestPosition ? { ingestPosition: options.ingestPosition } : {}),
  })
  const headers = options.isUnordered ? { unordered: '1' } : {}
  const stage: AnyStage = options.wrap?.(attributing) ?? (attributing as unknown as AnyStage)
  const nextOffsets = new Map<string, bigint>()
  const offsetIn = (topic: string) => {
    const offset = nextOffsets.get(topic) ?? 0n
    nextOffsets.set(topic, offset + 1n)
    return offset
  }
  const key = keyring.connectionKey('acme-wa', dataKey)

  let now = noon
  let n = 0
  let deferred: DeferredMessage[] = []
  const attributed: (AttributedMessage & { readonly at: number })[] = []
  const touches: Touches[] = []
  /** Broker timestamp of each, ms. */
  const touchedAt: number[] = []

  /** An inbound message, by default received at its event time. @param occurredAt ms after noon */
  const messageAt = (occurredAt: number, fields: MessageFields = {}): Message => {
    const { text, links = [], referral, ...rest } = fields
    const id = rest.message ?? (++n).toString(16).padStart(4, '0').padEnd(32, '0')
    const full = referral ? { ...noReferral, ...referral } : null
    const content = { text: text ?? null, links, referral: full }
    return message({
      message: id,
      occurredAt: noon + occurredAt,
      receivedAt: noon + occurredAt,
      hasText: text !== undefined,
      hasLinks: links.length > 0,
      hasReferral: full !== null,
      content: text !== undefined || links.length > 0 || full ? sealContent(content, key, id) : null,
      ...rest,
    })
  }

  const runOnce = async (batch: readonly ToProcess[], save: boolean): Promise<Outcome[]> => {
    const inputs = batch.map(({ value, topic, timestamp = now }) => ({
      value,
      record: consumedRecord({ topic, offset: offsetIn(topic), timestamp, headers }),
      attempt: 1,
    }))
    const state = await stage.load(inputs, now)
    const { outcomes, changes } = stage.decide(inputs, { state, now })
    outcomes.forEach((parts, index) => {
      for (const outcome of [parts].flat() as Outcome[]) {
        if (outcome.kind === 'deferred') {
          deferred.push({
            value: (inputs[index] as { value: Message }).value,
            topic: laterTopic('attribution', outcome.delay),
            timestamp: now,
            dueAt: now + delays[outcome.delay],
          })
        }
        for (const record of outcome.kind === 'forwarded' ? outcome.records : []) {
          if (record.topic === 'attributedMessages') attributed.push({ ...record.value, at: now })
          if (record.topic !== 'touches') continue
          touches.push(record.value)
          touchedAt.push(now)
        }
      }
    })
    if (save) await stage.save(changes)
    return outcomes.flat() as Outcome[]
  }

  const runBatch = async (batch: readonly ToProcess[], crash?: Crash) => {
    if (crash) await runOnce(batch, crash === 'after saving')
    return runOnce(batch, true)
  }

  return {
    messageAt,
    store: memory,
    directory,
    keyring,
    /** All forwarded messages, in order, with the time at which they were forwarded. */
    attributed,
    touches,
    touchedAt,
    /** Next offset of each topic. */
    nextOffsets,
    get now() {
      return now
    },
    /** Loses the deferred record of a message, as if it had gone on and an older state came back. */
    loseDeferred: (id: string) => {
      deferred = deferred.filter(({ value }) => value.message !== id)
    },
    /** Number of deferred messages. */
    get deferred() {
      return deferred.length
    },
    /** Processes a batch of the main topic now. */
    run: (...batch: Message[]) => runBatch(batch.map((value) => ({ value, topic: 'messages.v1' }))),
    runWithCrash: (crash: Crash | undefined, ...batch: Message[]) =>
      runBatch(
        batch.map((value) => ({ value, topic: 'messages.v1' })),
        crash,
      ),
    /** Sets the clock, also back; deferred messages fall due as long after it as before. @param at ms after noon */
    setClock(at: number) {
      const by = noon + at - now
      now += by
      deferred = deferred.map((one) => ({ ...one, timestamp: one.timestamp + by, dueAt: one.dueAt + by }))
    },
    /** Moves the time without processing anything, as if the stage were stopped. @param until ms after noon */
    stopUntil(until: number) {
      now = Math.max(now, noon + until)
    },
    /** Moves the time and processes each deferred message when it is due. @param until ms after noon @param first id of a message that is processed before the others */
    async advanceTo(until: number, crash?: () => Crash | undefined, first?: string) {
      const ahead = deferred.filter(({ value }) => value.message === first)
      deferred = deferred.filter((one) => !ahead.includes(one))
      if (ahead.length > 0) await runBatch(ahead)
      for (;;) {
        const next = Math.min(...deferred.map(({ dueAt }) => dueAt))
        if (next > noon + until) break
        now = Math.max(now, next)
        const { topic } = deferred.find(({ dueAt }) => dueAt === next) as DeferredMessage
        const due = deferred.filter((one) => one.topic === topic && one.dueAt <= now)
        deferred = deferred.filter((one) => !due.includes(one))
        await runBatch(due, crash?.())
      }
      now = Math.max(now, noon + until)
    },
  }
}
