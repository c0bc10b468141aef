/** Reads and writes the records of runs in `replays.v1`: which process works on each, and how far it is. */

import { randomBytes } from 'node:crypto'
import { decodable } from '../../../failures.ts'
import type { Broker, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { readWhole } from '../../../runtime/topics/read-topic.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { replayTopic, topics } from '../../../topology.ts'
import type { ReplayRange } from '../input/offset-range.ts'
import { endOffsetsOf } from '../plan/already-reported.ts'
import type { ReplayRequest } from '../request.ts'

/** Time and four random digits: ids sort by age and are short enough to read out. @param now ms */
const newRunId = (now: number): string =>
  `${new Date(now)
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .toLowerCase()}-${randomBytes(2).toString('hex')}`

/** A later owner compares greater: when two processes claim a run, the later one owns it. @param now ms */
export const newOwner = (now: number): string =>
  `${now.toString(36).padStart(9, '0')}-${randomBytes(4).toString('hex')}`

/** A running run that was not renewed for so long has lost its process: three heartbeats of 5 s. */
const silentMs = 15_000

/** @param now ms */
export const runStateOf = ({ status, updatedAt }: ReplayRun, now: number): string =>
  status === 'running' && now - updatedAt > silentMs ? 'interrupted' : status

/** A new run of this process, with the topics' present ends. @param now ms. @throws DependencyError */
export const newRun = async (
  request: ReplayRequest,
  { offsets }: ReplayRange,
  broker: Broker,
  now: number,
): Promise<ReplayRun> => {
  const [laneFrom, deliveriesFrom] = await Promise.all([
    endOffsetsOf(broker, replayTopic),
    endOffsetsOf(broker, topics.deliveries.name),
  ])
  return {
    run: newRunId(now),
    status: 'running',
    owner: newOwner(now),
    createdAt: now,
    updatedAt: now,
    request: JSON.stringify(request),
    stretches: offsets.map(({ partition, from, to }) => ({ partition, from: Number(from), to: Number(to) })),
    laneFrom,
    deliveriesFrom,
    counts: {},
  }
}

export const requestOf = ({ request }: ReplayRun): ReplayRequest => JSON.parse(request) as ReplayRequest

/** All runs that the topic keeps, oldest first. @throws DependencyError */
export const readRuns = async (broker: Broker, codec: Codec): Promise<readonly ReplayRun[]> => {
  const found = new Map<string, ReplayRun>()
  await readWhole(broker, topics.replays.name, async (record) => {
    if (record.key === null) return
    await codec.prepare([record])
    if (record.value === null) found.delete(record.key)
    else {
      const run = decodable(() => codec.decode('replays', record))
      if (run) found.set(record.key, run)
    }
  })
  return [...found.values()].sort((a, b) => a.createdAt - b.createdAt)
}

/** Resolves once the broker has the record. @throws DependencyError */
export const writeRun = (producer: Pick<Producer, 'send'>, codec: Codec, run: ReplayRun): Promise<void> =>
  producer.send([{ topic: topics.replays.name, key: run.run, value: codec.encode('replays', run) }])
