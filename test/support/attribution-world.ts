/** Attribution with its topics in memory: what it is given, what waits, what goes on, at a clock of the test's own. */
import { attribution, type Loaded } from '../../services/attribution/stage.ts'
import type { ConversationStore } from '../../services/attribution/state/store.ts'
import { laterTopic } from '../../services/derived-topics.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import { sealContent } from '../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
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

export type Saying = Partial<Message> & { text?: string; referral?: Partial<Referral> }

interface Waiting {
  readonly value: Message
  readonly topic: string
  readonly dueAt: number
}

/** What a crash leaves: all was published, and nothing, or all, was saved, before the batch is read again. */
export type Crash = 'before saving' | 'after saving'

/** What holds no state is made once: property tests open many worlds. */
const shared = (async () => ({ keyring: await testKeyring(), codec: await Codec.open(new MemoryRegistry()) }))()

export const attributionWorld = async (
  connection: Partial<ConnectionRecord> = {},
  options: { waitMs?: number; store?: ConversationStore } = {},
) => {
  const { keyring, codec } = await shared
  const dataKey = keyring.newDataKey('acme-wa')
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', connectionRecord({ dataKey, ...connection }))
  const memory = new MemoryConversationStore()
  const store = options.store ?? memory
  const stage = attribution({ directory, store, codec, keyring, waitMs: options.waitMs ?? 30_000 })
  const key = keyring.connectionKey('acme-wa', dataKey)

  let now = noon
  let n = 0
  let waiting: Waiting[] = []
  const attributed: (AttributedMessage & { readonly at: number })[] = []
  const touches: Touches[] = []

  /** A message of the person, received when it happened unless it says otherwise. @param occurredAt ms after noon */
  const says = (occurredAt: number, fields: Saying = {}): Message => {
    const { text, referral, ...rest } = fields
    const id = rest.message ?? (++n).toString(16).padStart(4, '0').padEnd(32, '0')
    const full = referral ? { ...noReferral, ...referral } : null
    const content = { text: text ?? null, links: [], referral: full }
    return message({
      message: id,
      occurredAt: noon + occurredAt,
      receivedAt: noon + occurredAt,
      hasText: text !== undefined,
      hasReferral: full !== null,
      content: text !== undefined || full ? sealContent(content, key, id) : null,
      ...rest,
    })
  }

  const runOnce = async (batch: readonly { value: Message; topic: string }[], save: boolean): Promise<Outcome[]> => {
    const inputs = batch.map(({ value, topic }, at) => ({
      value,
      record: consumedRecord({ topic, offset: BigInt(at) }),
      attempt: 1,
    }))
    const state: Loaded = await stage.load(inputs, now)
    const { outcomes, changes } = stage.decide(inputs, { state, now })
    outcomes.forEach((parts, index) => {
      for (const outcome of [parts].flat() as Outcome[]) {
        if (outcome.kind === 'deferred') {
          waiting.push({
            value: (inputs[index] as { value: Message }).value,
            topic: laterTopic('attribution', outcome.delay),
            dueAt: now + delays[outcome.delay],
          })
        }
        for (const record of outcome.kind === 'forwarded' ? outcome.records : []) {
          if (record.topic === 'attributedMessages') attributed.push({ ...record.value, at: now })
          if (record.topic === 'touches') touches.push(record.value)
        }
      }
    })
    if (save) await stage.save(changes)
    return outcomes.flat() as Outcome[]
  }

  const runBatch = async (batch: readonly { value: Message; topic: string }[], crash?: Crash) => {
    if (crash) await runOnce(batch, crash === 'after saving')
    return runOnce(batch, true)
  }

  return {
    says,
    store: memory,
    directory,
    keyring,
    /** All that went on, in order, with when it did. */
    attributed,
    touches,
    get now() {
      return now
    },
    get waiting() {
      return waiting.length
    },
    /** A batch of the main topic, now. */
    run: (...batch: Message[]) => runBatch(batch.map((value) => ({ value, topic: 'messages.v1' }))),
    runThrough: (crash: Crash | undefined, ...batch: Message[]) =>
      runBatch(
        batch.map((value) => ({ value, topic: 'messages.v1' })),
        crash,
      ),
    /** Nothing is handled until then. @param until ms after noon */
    standsStill(until: number) {
      now = Math.max(now, noon + until)
    },
    /** Time passes; what falls due in a later topic is handled then. @param until ms after noon */
    async passes(until: number, crash?: () => Crash | undefined) {
      for (;;) {
        const next = Math.min(...waiting.map(({ dueAt }) => dueAt))
        if (next > noon + until) break
        now = Math.max(now, next)
        const { topic } = waiting.find(({ dueAt }) => dueAt === next) as Waiting
        const due = waiting.filter((one) => one.topic === topic && one.dueAt <= now)
        waiting = waiting.filter((one) => !due.includes(one))
        await runBatch(due, crash?.())
      }
      now = Math.max(now, noon + until)
    },
  }
}
