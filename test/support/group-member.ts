/**
 * A member of a group as a process of its own, for tests that stop it: copies each record from one topic to another, `holdMs`
 * after it has come, and prints what happens as JSON lines.
 *
 *   node test/support/group-member.ts '{"brokers": …, "client": …, "group": …, "from": …, "to": …, "holdMs": …}'
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { DependencyError } from '../../services/runtime/ports.ts'
import { shortTimes } from './kafka-times.ts'

export interface MemberTask {
  readonly brokers: string
  readonly client: string
  readonly group: string
  readonly from: string
  readonly to: string
  readonly holdMs: number
}

const task = JSON.parse(process.argv[2] as string) as MemberTask
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)

const broker = openBroker(kafkaSettingsOf({ KAFKA_CLIENT: task.client }, task.brokers, 'member'))
const producer = await broker.producer()
const consumer = await broker.consume({
  group: task.group,
  topics: [task.from],
  from: 'earliest',
  times: shortTimes,
  onAssigned: (partitions) => say({ assigned: partitions.length }),
  onConnection: (state, reason) => say({ state, reason }),
  onBatch: async (batch) => {
    // As the loop does, without a turn of the event loop.
    if (batch.isStale()) return { processed: 0, pauseMs: 0 }
    say({ batch: batch.records.length })
    await sleep(task.holdMs)
    const copies = batch.records.map(({ key, value }) => ({ topic: task.to, key, value, headers: { by: 'child' } }))
    try {
      await producer.send(copies)
      say({ sent: copies.length })
      return undefined
    } catch (error) {
      if (!(error instanceof DependencyError)) throw error
      say({ refused: error.message, stale: batch.isStale() })
      return { processed: 0, pauseMs: 0 }
    }
  },
})
process.once('SIGTERM', async () => {
  await consumer.stop()
  await producer.close()
  await broker.close()
  process.exit(0)
})
