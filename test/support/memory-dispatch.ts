/** Dispatch behind a pipeline in memory, with a TikTok that answers as the test says. */
import { laterTopic } from '../../services/derived-topics.ts'
import type { PendingEvent } from '../../services/dispatch/delivery/batches.ts'
import { BucketSentLog } from '../../services/dispatch/sent-log/sent-log.ts'
import type { SendResult } from '../../services/dispatch/signal/send-result.ts'
import { dispatch } from '../../services/dispatch/stage.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import type { ConsumedRecord } from '../../services/runtime/ports.ts'
import type { Connection } from '../../services/shared/connections/directory.ts'
import { replayTopic, topics } from '../../services/topology.ts'
import { MemoryHourBuckets } from './memory-hour-buckets.ts'
import type { MemoryPipeline } from './memory-pipeline.ts'

export type TikTokAnswer = 'accepts' | 'knows' | 'refuses' | 'is away'

const finals = {
  accepts: { outcome: 'accepted', code: 0 },
  knows: { outcome: 'duplicate', code: 0 },
  refuses: { outcome: 'rejected', code: 40_002 },
} as const

export const openMemoryDispatch = ({ codec, directory, cluster, producer, now }: MemoryPipeline) => {
  const sentLog = new BucketSentLog(new MemoryHourBuckets())
  let answer: TikTokAnswer = 'accepts'
  const send = async (
    _connectionId: string,
    events: readonly PendingEvent[],
    _class: unknown,
    report: (event: PendingEvent, result: SendResult) => void,
  ) => {
    for (const event of events) {
      if (answer === 'is away') {
        report(event, { kind: 'refused', unknownCode: false, reason: 'timeout' })
        continue
      }
      const final = { ...finals[answer], requestId: null, attempt: event.attempt, sentAt: now(), at: now() }
      await sentLog.write([{ signal: event.signal, final, recorded: false }])
      report(event, { kind: 'final', ...final })
    }
  }
  const stage = dispatch({
    ...{ codec, sentLog, breakers: { refresh: async () => {} }, scheduler: { send: send as never }, parts: undefined },
    eligibilityOf: (id) => ({ eligible: true, connection: directory.byId(id) as Connection, token: 'token' }),
    ...{ expireMs: 28 * 86_400_000, warnMs: 28 * 86_400_000 },
  })
  const positions = new Map<string, number>()
  let waiting: ConsumedRecord[] = []

  const process = async (record: ConsumedRecord, isSaved: boolean) => {
    await codec.prepare([record])
    const batch = [{ value: stage.decode(record), record, attempt: 1 }]
    const { outcomes, changes } = stage.decide(batch, { state: await stage.load(batch, now()), now: now() })
    for (const one of [outcomes[0] ?? []].flat() as Outcome[]) {
      if (one.kind === 'deferred') {
        waiting.push(record)
        await producer.send([{ ...record, topic: laterTopic('dispatch', '10s') }])
      }
      if (one.kind !== 'forwarded') continue
      for (const { topic, key, value } of one.records)
        await producer.send([{ topic: topics[topic].name, key, value: codec.encode(topic, value as never) }])
    }
    // A process that is killed here publishes the delivery again.
    if (isSaved) await stage.save(changes)
  }
  /** @param isSaved false: the process dies before it saves what it sent */
  const run = async (given: TikTokAnswer, isSaved = true) => {
    answer = given
    const due = waiting
    waiting = []
    for (const record of due) await process(record, isSaved)
    for (const topic of [topics.signals.name, replayTopic]) {
      const records = cluster.records(topic).sort((a, b) => a.timestamp - b.timestamp)
      const from = positions.get(topic) ?? 0
      positions.set(topic, records.length)
      for (const record of records.slice(from)) await process(record, isSaved)
    }
  }
  return { run }
}
