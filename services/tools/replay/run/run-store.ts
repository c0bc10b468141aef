/** Runs as they stand in `replays.v1`: who works on which, and how far it is. */
import { randomBytes } from 'node:crypto'
import type { Broker, Producer } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import { readWhole } from '../../../runtime/topics/read-topic.ts'
import type { ReplayRun } from '../../../shared/model/replay-run.ts'
import { topics } from '../../../topology.ts'
import type { ReplayRequest } from '../request.ts'

/** Time and four random digits: sorts by age, and can be read out over a telephone. */
export const newRunId = (now: number): string =>
  `${new Date(now)
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .toLowerCase()}-${randomBytes(2).toString('hex')}`

/** A later one is greater: of two processes that both think the run is theirs, it is the later one's. */
export const newOwner = (now: number): string =>
  `${now.toString(36).padStart(9, '0')}-${randomBytes(4).toString('hex')}`

/** A running one that has been silent for so long was killed. */
const silentMs = 15_000

export const runStateOf = ({ status, updatedAt }: ReplayRun, now: number): string =>
  status === 'running' && now - updatedAt > silentMs ? 'interrupted' : status

export const requestOf = ({ request }: ReplayRun): ReplayRequest => JSON.parse(request) as ReplayRequest

/** All that are remembered, oldest first. @throws DependencyError */
export const readRuns = async (broker: Broker, codec: Codec): Promise<readonly ReplayRun[]> => {
  const found = new Map<string, ReplayRun>()
  await readWhole(broker, topics.replays.name, async (record) => {
    if (record.key === null) return
    await codec.prepare([record])
    if (record.value === null) found.delete(record.key)
    else found.set(record.key, codec.decode('replays', record))
  })
  return [...found.values()].sort((a, b) => a.createdAt - b.createdAt)
}

/** Resolves once the broker has it. @throws DependencyError */
export const writeRun = (producer: Pick<Producer, 'send'>, codec: Codec, run: ReplayRun): Promise<void> =>
  producer.send([{ topic: topics.replays.name, key: run.run, value: codec.encode('replays', run) }])
