import { followedBy } from '../consumer-groups.ts'
import { keywordListFields } from '../keywords/config.ts'
import { runningState } from '../local/supervisor/state-file.ts'
import { openBroker } from '../runtime/adapters/kafka/index.ts'
import { openRedis } from '../runtime/adapters/redis.ts'
import { openRegistry } from '../runtime/adapters/registry/registry.ts'
import { systemClock } from '../runtime/clock.ts'
import { kafkaSettings, loadConfig, redisSettings, registrySettings } from '../runtime/config.ts'
import { Health } from '../runtime/health/health.ts'
import { readHeartbeats } from '../runtime/health/heartbeats.ts'
import { KafkaConnectivity } from '../runtime/health/kafka-connectivity.ts'
import { endProcess, followKeyring, readDataSecret } from '../runtime/keys/data-secret.ts'
import { signedBroker } from '../runtime/keys/signatures/signed-broker.ts'
import { Metrics } from '../runtime/metrics/metrics.ts'
import { DependencyError } from '../runtime/ports.ts'
import { startHeartbeat } from '../runtime/process/heartbeat.ts'
import type { Service } from '../runtime/process/lifecycle.ts'
import { reportRefusals } from '../runtime/process/refused-records.ts'
import { Codec } from '../runtime/topics/codec.ts'
import { followTables } from '../runtime/topics/follow-tables.ts'
import { ConnectionDirectory } from '../shared/connections/directory.ts'
import { loadSources } from '../shared/sources/index.ts'
import { settingAccess } from '../shared/tokens/access.ts'
import { Bearers } from '../shared/tokens/bearers.ts'
import { readTokens } from '../shared/tokens/store.ts'
import { readRuns } from '../tools/replay/run/run-store.ts'
import { replaySettingTexts } from '../tools/replay/settings.ts'
import { topics } from '../topology.ts'
import { adminSetting } from './access/token-authenticator.ts'
import { openActions } from './admin/actions/open-actions.ts'
import { connectionsWriter, openAdmin } from './admin/open.ts'
import { consoleFields } from './config.ts'
import { startConnectionRequests } from './connection-requests.ts'
import { DeadLetterIndex } from './dead-letters/dead-letter-index.ts'
import { Exporter } from './exporter.ts'
import { KeptUses } from './history/kept-uses.ts'
import { LongHistory } from './history/long-history.ts'
import { PrometheusHistory } from './history/prometheus-history.ts'
import { openListeners } from './http/open-listeners.ts'
import { LagWatch } from './lag-watch.ts'
import { startCommonPairUpkeep } from './maintenance/common-pair-upkeep.ts'
import { openStateErasure } from './maintenance/open-state-erasure.ts'
import { OverviewReader } from './overview/overview.ts'
import { readRunbook } from './overview/runbooks.ts'
import { StageProbes } from './stage-probes.ts'
import { RecentDeliveries, StatusReader } from './status.ts'
import { TopicReader } from './topics/topic-reader.ts'
import { VersionCache } from './versions/version-cache.ts'
import { VersionChanges } from './versions/version-changes.ts'

/** Kept for the pages of connections. */
const recentDeliveries = 2_000
const shownOfConnection = 50
/** Rates are over a minute and histories over a quarter of an hour. */
const sampleIntervalMs = 10_000
/** Gives the trend of the lag its samples; it needs two at least. */
const pollIntervalMs = 5_000

const run: Service['run'] = async (lifecycle, log, env) => {
  const config = loadConfig({ ...consoleFields, ...keywordListFields }, env)
  const clock = systemClock
  const health = new Health(clock)
  const metrics = new Metrics('console')
  const unsigned = openBroker(kafkaSettings(config, 'signals-console'))
  lifecycle.onStop('broker', () => unsigned.close())
  const registry = openRegistry(registrySettings(config))
  const codec = await lifecycle.untilUp(clock, () =>
    Codec.open(registry, clock, [
      ...followedBy.console,
      'connectionHistory',
      'suppressions',
      'connectionRequests',
      'deliveries',
      'audit',
      'keywordLists',
      'ruleSets',
      'redrives',
      'replays',
      'messages',
      'signals',
    ]),
  )
  const onRefused = reportRefusals(metrics, log)
  const { keyring, commonPairs, signing, ...secret } = await lifecycle.untilUp(clock, () =>
    followKeyring(config, { broker: unsigned, codec, health, onRefused, holder: 'control', onError: endProcess }),
  )
  lifecycle.onStop('data secret', () => secret.stop())
  const broker = signedBroker(unsigned, { signing: async () => signing, onRefused })
  const producer = await lifecycle.untilUp(clock, () => broker.producer())
  lifecycle.onStop('producer', () => producer.close())
  const upkeep = { keyring, commonPairs, codec, producer, clock, log }
  lifecycle.onStop('key pairs', await lifecycle.untilUp(clock, () => startCommonPairUpkeep(upkeep)))
  const directory = new ConnectionDirectory()
  const connections = connectionsWriter({ directory, codec, producer, clock, log })
  const adminAccess = settingAccess(adminSetting, ['admin'])
  const bearers = new Bearers(config.ADMIN_TOKEN.map((token) => ({ token, access: adminAccess })))
  const deliveries = new RecentDeliveries(recentDeliveries)
  const redis = openRedis(redisSettings(config))
  lifecycle.onStop('redis', () => redis.close())
  const erasure = openStateErasure({
    directory,
    writer: connections.writer,
    redis,
    broker,
    codec,
    producer,
    clock,
    log,
  })
  lifecycle.onStop('erasure of state', () => erasure.stop())
  const following = await lifecycle.untilUp(clock, () =>
    followTables(
      {
        connections: (id, record) => {
          const applied = directory.apply(id, record)
          // A writer that lost has the winner's revision; a copy of an old record has a lower one.
          if (applied === 'stale' && (record?.revision ?? 0) < (directory.byId(id)?.revision ?? 0))
            metrics.count('signals_records_refused_total', { topic: topics.connections.name, reason: 'replayed' })
          connections.writer.followed(id)
          connections.maintenance.followed(id, applied)
          erasure.followed(id)
        },
        tokens: (id, record) => bearers.apply(id, record),
      },
      { broker, codec, health, log },
    ),
  )
  lifecycle.onStop('tables', () => following.stop())
  const { writer } = connections
  const requests = await lifecycle.untilUp(clock, () =>
    startConnectionRequests({ broker, codec, writer, metrics, log }),
  )
  lifecycle.onStop('connection requests', () => requests.stop())
  requests.ended.catch(endProcess)
  const consumer = await lifecycle.untilUp(clock, () =>
    broker.consume({
      group: `signals-console-${process.pid}`,
      topics: ['deliveries.v1'],
      from: 'latest',
      onBatch: async ({ records }) => {
        await deliveries.addRecords(records, codec)
        return undefined
      },
    }),
  )
  lifecycle.onStop('deliveries', () => consumer.stop())

  const lag = new LagWatch(broker, clock)
  const kafka = new KafkaConnectivity(health, log)
  const poll = () =>
    lag.refresh().then(
      () => kafka.answered(),
      (error: unknown) => {
        if (!(error instanceof DependencyError)) throw error
        kafka.failed(error)
      },
    )
  lifecycle.onStop('lag', clock.every(pollIntervalMs, poll))
  const dataDir = config.SIGNALS_DATA_DIR
  const exporter = new Exporter({
    ...{ lag, broker, redis, registry, dataDir, metrics, log, clock },
    connections: () => directory.all(),
  })
  const [statusToken = ''] = config.STATUS_TOKEN
  const probes = new StageProbes({
    ...{ dataDir, urls: config.STAGE_METRICS_URLS, statusToken, clock },
    heartbeats: () => readHeartbeats(redis),
  })
  const status = new StatusReader({ probes, lag, directory, deliveries, exporter, clock, statusToken })
  const deadLetters = new DeadLetterIndex({
    ...{ broker, codec, prefix: config.KAFKA_TOPIC_PREFIX },
    processedUpTo: (stage) => lag.processedUpTo(stage),
  })
  const versions = new VersionCache(broker, codec)
  const [kept, uses] = [new LongHistory(redis, clock), new KeptUses(redis, clock)]
  const prometheus = config.PROMETHEUS_URL === undefined ? null : new PrometheusHistory(config.PROMETHEUS_URL)
  const overview = new OverviewReader({
    ...{ status, probes, deadLetters, versions, clock, log },
    keep: async (stages, scraped) => {
      await kept.add(stages)
      await uses.add(scraped.filter(({ stage }) => stage === 'keywords'))
    },
  })
  lifecycle.onStop(
    'overview',
    clock.every(sampleIntervalMs, () => void overview.sample().catch(endProcess)),
  )
  const readSources = () =>
    loadSources({ folder: config.SIGNALS_MAPPINGS_DIR, signatureChanges: config.ALLOW_SIGNATURE_CHANGE })
  const sources = readSources()
  const actions = openActions({
    ...{ broker, codec, producer, redis, keyring, commonPairs, directory, clock },
    prefix: config.KAFKA_TOPIC_PREFIX,
    sources: readSources,
    replaySettings: () => runningState(dataDir)?.stageSettings ?? replaySettingTexts(env),
  })
  lifecycle.onStop('replay', () => actions.replays.stop())
  const port = await openListeners({
    ...{ config, clock, log, lifecycle, codec, producer, status, exporter, health, bearers },
    versions: {
      cache: versions,
      changes: new VersionChanges({
        ...{ versions, broker, codec, clock, maxFlags: config.KEYWORD_FLAGS_MAX },
        wireProfile: config.TIKTOK_WIRE_PROFILE,
      }),
    },
    actions: {
      ...actions,
      installation: {
        topics: new TopicReader({ broker, registry, lags: () => lag.partitions() }),
        tokens: () => readTokens(broker, codec),
        masterKey: async () => {
          const secret = await readDataSecret({ broker: unsigned, codec })
          return secret && { keyId: secret.keyId, since: secret.changedAt }
        },
      },
    },
    console: {
      replays: () => readRuns(broker, codec),
      history: (from, to, most) => (prometheus ?? kept).read(from, to, most),
      uses: (...asked) => (prometheus ? prometheus.uses(...asked) : uses.read(...asked)),
      ...{ overview, deadLetters, runbook: readRunbook, now: () => clock.now() },
      deliveriesOf: (id) => deliveries.of(id, shownOfConnection),
    },
    openAdmin: (publicUrl) =>
      openAdmin(
        {
          ...{ config, directory, broker, producer, codec, redis, keyring, clock, log, lifecycle },
          ...connections,
          ...{ sources, commonPairs, unconnected: () => status.unconnected() },
          refused: (id) => status.refusedOf(id),
        },
        publicUrl,
      ),
  })
  const bind = config.CONSOLE_BIND_ADDRESS ?? config.BIND_ADDRESS
  const listener = { given: config.STATUS_ADDRESS, bind, port }
  lifecycle.onStop('heartbeat', startHeartbeat({ name: 'control', redis, clock, log, listener }))
  health.connection('up')
  health.to('running')
}

export const controlService: Service = { name: 'console', run }
