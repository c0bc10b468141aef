/** What the console shows beside connections, over memory. */
import type { ConsoleWork } from '../../services/control/admin/console-endpoints.ts'
import type { InstallationWork } from '../../services/control/admin/installation-endpoints.ts'
import type { VersionWork } from '../../services/control/admin/version-endpoints.ts'
import { DeadLetterIndex } from '../../services/control/dead-letters/dead-letter-index.ts'
import { RedriveJobs } from '../../services/control/dead-letters/redrive-jobs.ts'
import { OverviewReader } from '../../services/control/overview/overview.ts'
import { readRunbook } from '../../services/control/overview/runbooks.ts'
import { ReplayJobs } from '../../services/control/replays/replay-jobs.ts'
import type { StageInstances } from '../../services/control/stage-probes.ts'
import { RecentDeliveries, StatusReader } from '../../services/control/status.ts'
import { TopicReader } from '../../services/control/topics/topic-reader.ts'
import { VersionCache } from '../../services/control/versions/version-cache.ts'
import { VersionChanges } from '../../services/control/versions/version-changes.ts'
import { deadLetterTopic } from '../../services/derived-topics.ts'
import type { Clock } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import { loadSources } from '../../services/shared/sources/index.ts'
import { readRuns } from '../../services/tools/replay/run/run-store.ts'
import { consumerStages, stageNames, topics } from '../../services/topology.ts'
import { MemoryCluster } from './memory-broker.ts'
import { MemoryRegistry } from './memory-registry.ts'

export const pageOfTest = {
  'index.html': '<!doctype html><script type="module" src="/assets/console.1.js"></script>',
  'console.1.js': 'let of = "the test"',
  'console.1.css': 'body{}',
}

/** `fetch` refuses these ports at once, so nothing of a test leaves the process. */
const closedPorts = { gateway: 1, ingest: 7, attribution: 9, keywords: 11, dispatch: 13 }

/** A console beside an empty pipeline whose dependencies answer. What is in `state` may be changed. */
export const openConsoleWork = async (clock: Pick<Clock, 'now'>, directory = new ConnectionDirectory()) => {
  const cluster = new MemoryCluster()
  cluster.now = () => clock.now()
  const broker = cluster.open()
  const deadTopics = consumerStages.map(deadLetterTopic)
  await broker.createTopics(
    [...deadTopics, topics.redrives.name, topics.keywordLists.name, topics.ruleSets.name, topics.replays.name].map(
      (name) => ({
        name,
        partitions: 2,
        config: {},
      }),
    ),
  )
  const registry = new MemoryRegistry()
  const codec = await Codec.open(
    registry,
    clock,
    ['deliveries', 'keywordLists', 'ruleSets', 'replays', 'redrives'],
    deadTopics,
  )
  const running = { state: 'running', reason: null, healthy: true, oldestUnprocessedSeconds: 0, details: {} }
  const state = {
    instances: Object.fromEntries(
      stageNames.map((stage) => [
        stage,
        [{ url: `http://127.0.0.1:${closedPorts[stage]}/metrics`, health: running, metrics: '' }],
      ]),
    ) as unknown as StageInstances,
    dependencies: { kafka: true, redis: true, registry: true },
    lists: 1,
    isPromoted: true,
  }
  const deliveries = new RecentDeliveries(100)
  const probes = { read: async () => state.instances }
  const status = new StatusReader({
    ...{ probes, directory, deliveries, clock, statusToken: '' },
    lag: { groups: () => [] } as never,
    exporter: {
      overview: async () => ({ dependencies: state.dependencies, redis: null, disk: null, deadLetters: [] }),
    },
  })
  const deadLetters = new DeadLetterIndex({ broker, codec, prefix: '' })
  const known = () =>
    ({
      keywordLists: {
        ids: () => Array.from({ length: state.lists }, () => 'list'),
        active: () => (state.isPromoted ? {} : undefined),
      },
    }) as never
  const overview = new OverviewReader({
    ...{ status, probes, deadLetters, clock },
    versions: { read: async () => known(), known },
    log: { debug: () => {}, warn: () => {} },
  })
  const work: ConsoleWork = {
    ...{ overview, deadLetters, runbook: readRunbook, now: () => clock.now() },
    replays: () => readRuns(broker, codec),
    history: async () => ({ at: [], stages: {} as never }),
    uses: async (kind, id, from, to) => ({
      ...{ stepMs: to - from, at: [from], raised: [1], shadow: [2] },
      names: [{ name: `${kind}/${id}`, raised: 1, shadow: 2 }],
    }),
    deliveriesOf: (id) => deliveries.of(id, 50),
  }
  const cache = new VersionCache(broker, codec)
  const producer = await broker.producer()
  const sending = {
    ...{ broker, codec, producer, directory, sources: loadSources(), prefix: '', clock: clock as Clock },
    envelopes: { open: () => ({ problem: 'key_erased' }) as const },
  }
  const redrives = new RedriveJobs(async () => sending, clock as Clock)
  const replays = new ReplayJobs({
    ...{ broker, codec, producer, clock },
    replay: async () => {
      throw new Error('the test has no pipeline')
    },
  })
  const installation: { -readonly [Name in keyof InstallationWork]: InstallationWork[Name] } = {
    topics: new TopicReader({ broker, registry, lags: () => [] }),
    tokens: async () => [],
    masterKey: async () => ({ keyId: 'k1', since: 1 }),
  }
  const versions: VersionWork = {
    cache,
    changes: new VersionChanges({ versions: cache, broker, codec, clock, maxFlags: 64 }),
  }
  return {
    work,
    versions,
    redrives,
    replays,
    installation,
    overview,
    deliveries,
    deadLetters,
    state,
    cluster,
    broker,
    codec,
  }
}
