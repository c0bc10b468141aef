/**
 * Processes small slices of several partitions as one. A slice costs the stage and the broker as much as some dozen records, whatever it
 * holds. Large ones keep to themselves, so that one is decided while another waits for IO.
 */
import type { ConsumedRecord, RecordBatch } from '../../ports.ts'
import { BatchLost, type ProcessSlice, type SliceResult } from './process-slice.ts'

interface Waiting {
  readonly records: readonly ConsumedRecord[]
  readonly isStale: RecordBatch['isStale']
  resolve(result: SliceResult | null): void
  reject(error: unknown): void
}

/**
 * Processes a slice with those that other partitions of the topic begin in the same turn of the event loop. They succeed or fail together.
 * @returns null where another one of them has the result for all
 * @throws as `ProcessSlice`; BatchLost also when another batch of them is lost
 */
export type ShareSlice = (
  records: readonly ConsumedRecord[],
  isStale: RecordBatch['isStale'],
) => Promise<SliceResult | null>

/** @param maxRecords of a shared slice */
export const shareSlices = (processSlice: ProcessSlice, maxRecords: number): ShareSlice => {
  let waiting: Waiting[] = []

  const run = async (sharing: readonly Waiting[]) => {
    try {
      const records = sharing.flatMap((one) => one.records)
      const result = await processSlice(records, null, () => sharing.some(({ isStale }) => isStale()))
      sharing.forEach(({ resolve }, index) => {
        resolve(index === 0 ? result : null)
      })
    } catch (error) {
      for (const { reject } of sharing) reject(error)
    }
  }

  const runAll = (slices: readonly Waiting[]) => {
    let sharing: Waiting[] = []
    let size = 0
    const begin = () => {
      if (sharing.length > 0) void run(sharing)
      sharing = []
      size = 0
    }
    for (const one of slices) {
      // It would take the others with it.
      if (one.isStale()) {
        one.reject(new BatchLost())
        continue
      }
      if (size + one.records.length > maxRecords) begin()
      sharing.push(one)
      size += one.records.length
    }
    begin()
  }

  const start = () => {
    const all = waiting
    waiting = []
    // What has waited in a `later` topic is decided in an order of its own.
    for (const ofTopic of Map.groupBy(all, ({ records }) => records[0]?.topic).values()) runAll(ofTopic)
  }

  return (records, isStale) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(start)
      waiting.push({ records, isStale, resolve, reject })
    })
}
