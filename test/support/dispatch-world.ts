/** Dispatch against the simulator's own endpoint, in one process without a network: what TikTok was told is asserted there. */
import { callEncoder } from '../../services/dispatch/destinations/tiktok/index.ts'
import type { Answer } from '../../services/dispatch/destinations/tiktok/judge.ts'
import { loadProfile } from '../../services/dispatch/destinations/tiktok/profile.ts'
import { Sender } from '../../services/dispatch/sender.ts'
import { BucketSentMarks } from '../../services/dispatch/sent-marks.ts'
import { Slots } from '../../services/dispatch/slots.ts'
import { dispatch } from '../../services/dispatch/stage.ts'
import { standingOf } from '../../services/dispatch/standing.ts'
import { Troubles } from '../../services/dispatch/troubles.ts'
import type { ConnectionRecord, Signal } from '../../services/model/topic-values.ts'
import type { Outcome } from '../../services/runtime/outcome.ts'
import type { Input } from '../../services/runtime/stage.ts'
import { type Fault, Faults, faultSchema } from '../../services/simulator/faults.ts'
import { Store } from '../../services/simulator/store.ts'
import { track, type World } from '../../services/simulator/track.ts'
import { connectionRecord, consumedRecord, noon, signal } from './builders.ts'
import { MemoryHourBuckets } from './memory-hour-buckets.ts'

const dayMs = 86_400_000
const patienceMs = 40
export const timeoutMs = 120

/** Signal number `index` of a connection; ids differ, all else is the builder's. */
export const numbered = (connectionId: string, index: number, fields: Partial<Signal> = {}) =>
  signal({
    connectionId,
    signalId: Buffer.from(`${connectionId}/${index}`).toString('hex').padEnd(32, '0').slice(0, 32),
    ...fields,
  })

export const openDispatch = (options: { eventsPerCall?: number; buckets?: MemoryHourBuckets } = {}) => {
  const tiktok: World = { store: new Store(10_000), faults: new Faults(), tokens: new Set(), now: () => noon + 1_000 }
  const connections = new Map<string, ConnectionRecord>()
  const buckets = options.buckets ?? new MemoryHourBuckets()
  const marks = new BucketSentMarks(buckets)
  const encode = callEncoder(loadProfile('simulator-1', 'http://localhost'))
  const reconnected: [string, number][] = []
  const refused = new Set<ConnectionRecord>()
  /** Called before each call reaches TikTok. */
  let onCall: (connectionId: string, call: number) => void = () => {}
  let calls = 0
  let answered = 0

  const post = async (connection: ConnectionRecord, token: string, signals: readonly Signal[]): Promise<Answer> => {
    onCall(connection.connectionId, ++calls)
    const answer = track(encode(connection.eventSetId, signals), token, tiktok)
    const wait = answer.kind === 'silence' ? timeoutMs : answer.afterMs
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(wait, timeoutMs)))
    answered++
    if (answer.kind === 'reset') return { kind: 'failed', reason: 'reset' }
    if (answer.kind !== 'answer' || answer.afterMs >= timeoutMs) return { kind: 'failed', reason: 'timeout' }
    return { kind: 'answered', status: answer.status, body: answer.body }
  }
  const standing = (id: string) =>
    standingOf(connections.get(id), { of: (_id, sealed) => sealed.toString() }, (connection) => refused.has(connection))
  const troubles = new Troubles(timeoutMs)
  const sender = new Sender({
    standing,
    post,
    marks,
    markReconnect: async (connection, code) => {
      refused.add(connection)
      reconnected.push([connection.connectionId, code])
    },
    troubles,
    slots: new Slots({ size: 4, most: 16, slowAfterMs: 15 }),
    eventsPerCall: options.eventsPerCall ?? 50,
    patienceMs,
    now: Date.now,
  })
  const stage = dispatch({
    codec: { decode: () => signal() as never },
    marks,
    sender,
    standing,
    expireMs: 28 * dayMs,
    warnMs: 7 * dayMs,
  })

  /** Runs a batch from `topic`; one word per signal: the outcome, `deferred 10s reason` or `parked reason`. */
  const run = async (
    signals: readonly Signal[],
    { topic = 'signals.v1', attempt = 1, now = noon + 1_000, save = true } = {},
  ) => {
    const batch = signals.map(
      (value, index): Input<Signal> => ({ value, attempt, record: consumedRecord({ topic, offset: BigInt(index) }) }),
    )
    const state = await stage.load(batch, now)
    const { outcomes, changes } = stage.decide(batch, { state, now })
    // Without it: the process dies after it has published.
    if (save) await stage.save(changes)
    return { outcomes, words: outcomes.map((outcome) => word(outcome as Outcome)) }
  }

  return {
    run,
    stage,
    sender,
    marks,
    buckets,
    troubles,
    connections,
    reconnected,
    connect: (connectionId: string, fields: Partial<ConnectionRecord> = {}) =>
      connections.set(
        connectionId,
        connectionRecord({
          connectionId,
          eventSetId: `set-${connectionId}`,
          accessToken: Buffer.from(`token-${connectionId}`),
          ...fields,
        }),
      ),
    fault: (fault: Partial<Fault>) => tiktok.faults.add(faultSchema.parse(fault)),
    clearFaults: () => tiktok.faults.clear(),
    onCall: (hook: typeof onCall) => {
      onCall = hook
    },
    /** Calls that TikTok has not answered yet. */
    underWay: () => calls - answered,
    /** Ids that TikTok holds, each once. */
    held: () =>
      tiktok.store
        .events(0, 10_000)
        .filter(({ duplicate }) => !duplicate)
        .map(({ event }) => event.event_id),
    repeats: () => tiktok.store.stats().duplicates,
    /** Events per call, in the order of the calls. */
    callSizes: () => tiktok.store.calls(0, 10_000).map(({ events }) => events),
  }
}

const word = (outcome: Outcome): string => {
  switch (outcome.kind) {
    case 'forwarded':
      return outcome.records.map(({ value }) => (value as { outcome: string }).outcome).join()
    case 'deferred':
      return `deferred ${outcome.delay} ${outcome.reason}${outcome.attempted ? '' : ' untried'}`
    case 'parked':
      return `parked ${outcome.reason}`
    case 'dropped':
      return `dropped ${outcome.reason}`
    default:
      return outcome.kind
  }
}
