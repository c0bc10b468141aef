import { once } from 'node:events'
import { followedBy } from '../consumer-groups.ts'
import { openBroker } from '../runtime/adapters/kafka/index.ts'
import { openRegistry } from '../runtime/adapters/registry/registry.ts'
import { systemClock } from '../runtime/clock.ts'
import { kafkaSettings, loadConfig, masked, registrySettings } from '../runtime/config.ts'
import { Health } from '../runtime/health/health.ts'
import { KafkaConnectivity } from '../runtime/health/kafka-connectivity.ts'
import { endProcess, followKeyring } from '../runtime/keys/data-secret.ts'
import { Envelopes } from '../runtime/keys/envelopes.ts'
import { signedBroker } from '../runtime/keys/signatures/signed-broker.ts'
import { Metrics } from '../runtime/metrics/metrics.ts'
import { startHeartbeat } from '../runtime/process/heartbeat.ts'
import { instrumentedProducer, instrumentedRegistry } from '../runtime/process/instrumented-clients.ts'
import type { Service } from '../runtime/process/lifecycle.ts'
import { reportRefusals } from '../runtime/process/refused-records.ts'
import { serveStatus } from '../runtime/process/status-server.ts'
import { openTracing } from '../runtime/process/tracing.ts'
import { Codec } from '../runtime/topics/codec.ts'
import { followTables, type TableHandlers } from '../runtime/topics/follow-tables.ts'
import { messageEventSource } from '../shared/model/channel-event.ts'
import { refusedDeliveries } from '../shared/refused/log.ts'
import { waits } from '../shared/sources/index.ts'
import { openSources } from '../shared/sources/service.ts'
import { settingAccess } from '../shared/tokens/access.ts'
import { Bearers } from '../shared/tokens/bearers.ts'
import { unconnectedAccounts } from '../shared/unconnected/log.ts'
import { gatewayFields, sourceSecrets } from './config.ts'
import type { GatewayTools } from './deliveries.ts'
import { openSharedPort } from './http/shared-port.ts'
import { Intake } from './intake.ts'
import { windowMs } from './limits/fair-share.ts'
import { gatewayRates } from './limits/gateway-rates.ts'
import { PendingBodies } from './limits/pending-bodies.ts'
import { keyOptionOf, openLookUps } from './look-up/open.ts'
import { createGateway } from './server.ts'
import { GatewayConnections } from './verification/gateway-connections.ts'
import { watchKafka } from './watch-kafka.ts'

const run: Service['run'] = async (lifecycle, log, env) => {
  const config = loadConfig(gatewayFields, env)
  log.info({ config: masked(config) }, 'configuration')
  const clock = systemClock
  const health = new Health(clock)
  const metrics = new Metrics('gateway')
  const hash = (source: string, account: string) => keyring.recordKey('account', source, account)
  const unconnected = unconnectedAccounts('gateway', metrics, config.STATUS_TOKEN, hash)
  const refused = refusedDeliveries(config.STATUS_TOKEN)
  const address = { port: config.METRICS_PORT, host: config.METRICS_BIND_ADDRESS ?? config.BIND_ADDRESS }
  const status = await serveStatus(address, metrics, () => health.report(), undefined, {
    ...unconnected.pages,
    ...refused.pages,
  })
  lifecycle.onStop('status', status.close)
  lifecycle.signal.addEventListener('abort', () => health.to('stopping'))

  // Listens at once: until the connections are read it answers 503, and no delivery is taken for one of an unknown account.
  let serving: GatewayTools | null = null
  const server = createGateway(() => serving, { log, maxSockets: config.GATEWAY_MAX_SOCKETS })
  const closeListeners = await openSharedPort(server, { port: config.GATEWAY_PORT, host: config.BIND_ADDRESS })

  const broker = openBroker(kafkaSettings(config, 'signals-gateway'))
  lifecycle.onStop('broker', () => broker.close())
  const registry = instrumentedRegistry(openRegistry(registrySettings(config)), metrics)
  const codec = await lifecycle.untilUp(clock, () => Codec.open(registry, clock, followedBy.gateway))
  const onRefused = reportRefusals(metrics, log)
  const { keyring, commonPairs, signing, ...secret } = await lifecycle.untilUp(clock, () =>
    followKeyring(config, {
      broker,
      codec,
      health,
      onRefused,
      holder: 'gateway',
      onError: endProcess,
      keyOption: keyOptionOf(config),
    }),
  )
  lifecycle.onStop('data secret', () => secret.stop())
  const producer = instrumentedProducer(await lifecycle.untilUp(clock, () => broker.producer()), metrics)
  lifecycle.onStop('producer', () => producer.close())

  const connections = new GatewayConnections(keyring)
  const envelopes = new Envelopes({
    ...{ keyring, commonPairs },
    now: () => clock.now(),
    connectionPair: (id) => connections.byId(id),
  })
  const ingestAccess = settingAccess('INGEST_TOKEN', ['ingest', 'look-up'])
  const opened = openLookUps(config, keyring, metrics)
  if (opened) {
    lifecycle.onStop('redis', opened.close)
    const listener = { given: config.STATUS_ADDRESS, bind: address.host, port: status.port }
    const { redis } = opened
    lifecycle.onStop(
      'heartbeat',
      startHeartbeat({ ...{ name: 'gateway', redis, clock, log, listener }, statusTokens: config.STATUS_TOKEN }),
    )
  }
  const bearers = new Bearers(config.INGEST_TOKEN.map((token) => ({ token, access: ingestAccess })))
  const tables: TableHandlers = {
    connections: (id, record) => {
      if (connections.apply(id, record) === 'applied' && !record?.dataKey) envelopes.forget(id)
    },
    tokens: (id, record) => bearers.apply(id, record),
  }
  const signed = signedBroker(broker, { signing: async () => signing, onRefused })
  const following = await lifecycle.untilUp(clock, () => followTables(tables, { broker: signed, codec, health, log }))
  lifecycle.onStop('tables', () => following.stop())

  const ownMappings = { folder: config.SIGNALS_MAPPINGS_DIR, signatureChanges: config.ALLOW_SIGNATURE_CHANGE }
  const sources = openSources(ownMappings, waits.gateway, { clock, health, metrics, log, lifecycle })
  // Initialise to 0 so that increase() sees the first event.
  for (const source of [...sources.names(), messageEventSource])
    metrics.count('signals_deliveries_received_total', { source, status: '503' }, 0)
  const tracer = await openTracing('gateway', metrics, env)
  if (tracer) lifecycle.onStop('tracing', () => tracer.close())
  const kafka = new KafkaConnectivity(health, log)
  const rates = gatewayRates(config.GATEWAY_ACCOUNT_RPS, config.GATEWAY_ADDRESS_RPS, config.GATEWAY_LOOK_UP_RPS)
  let round = { at: clock.monotonic(), work: performance.eventLoopUtilization() }
  const rounds = clock.every(windowMs, () => {
    const next = { at: clock.monotonic(), work: performance.eventLoopUtilization() }
    const { utilization } = performance.eventLoopUtilization(next.work, round.work)
    rates.share.tick(Math.max(0, next.at - round.at - windowMs), utilization)
    round = next
  })
  lifecycle.onStop('rounds', rounds)
  serving = {
    tracer,
    sources,
    connections,
    keyring,
    envelopes,
    secretsOf: (source) => sourceSecrets(env, source),
    mayBeUnsigned: (source) => config.ALLOW_UNSIGNED.includes(source),
    spread: new Set(config.GATEWAY_SPREAD_ACCOUNTS),
    keepsUnconnected: config.GATEWAY_KEEP_UNCONNECTED,
    intake: new Intake(producer, clock, kafka),
    metrics,
    maxBodyBytes: config.MAX_BODY_BYTES,
    bodies: new PendingBodies(),
    rates,
    bearers,
    unconnected,
    refused,
    lookUps: opened?.lookUps ?? null,
    now: () => clock.now(),
    isReady: () => health.report().ready,
  }
  // Answers requests under way for up to 5 s; closes idle connections at once.
  lifecycle.onStop('server', async () => {
    const closed = once(server, 'close')
    closeListeners()
    server.close()
    server.closeIdleConnections()
    await Promise.race([closed, clock.sleep(5_000)])
  })
  health.connection('up')
  health.to('running')
  lifecycle.onStop('Kafka poll', watchKafka(broker, kafka, clock))
  log.info({ address: server.address() }, 'running')
}

export const gatewayService: Service = { name: 'gateway', run }
