/** What a stage's process hands to the stage that it builds. */
import type { Releases } from '../batch/releases.ts'
import type { Health } from '../health/health.ts'
import type { ConnectionPair, Envelopes } from '../keys/envelopes.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { BatchResult, Broker, Clock, Producer, RecordBatch, RedisCommands, Timers } from '../ports.ts'
import type { Codec } from '../topics/codec.ts'
import type { TableHandlers } from '../topics/follow-tables.ts'
import type { Tracer } from '../tracing/tracer.ts'
import type { Lifecycle } from './lifecycle.ts'
import type { StatusPage } from './status-server.ts'

export type OnBatch = (batch: RecordBatch) => Promise<BatchResult>

/** What a stage is built from. */
export interface StageDeps<Config> {
  readonly config: Config
  readonly keyring: Keyring
  readonly envelopes: Envelopes
  /** Where envelopes find the key pair of a connection; to be called before the first batch. */
  useConnections(lookUp: (connectionId: string) => ConnectionPair | undefined): void
  /** Erases a connection's keys from memory; to be called when its record has none any more. */
  forgetConnection(connectionId: string): void
  readonly codec: Codec
  readonly broker: Broker
  readonly producer: Producer
  readonly redis: RedisCommands
  readonly clock: Clock & Timers
  readonly metrics: Metrics
  readonly health: Health
  readonly log: Logger
  readonly lifecycle: Lifecycle
  /** Further pages of the status server, by path. */
  readonly pages: Record<string, StatusPage>
  /** null: tracing is off. */
  readonly tracer: Tracer | null
  /** Reads the topics to their end, then follows them; resolves at their end. */
  follow(handlers: TableHandlers): Promise<void>
  /** Calls back after each assignment of the stage's consumers, before their first batch. */
  onAssigned(callback: () => void): void
  /** Makes records of the stage's `later` topics due before their time; those of the shortest delays, up to 10 s, never are. */
  readonly releases: Pick<Releases, 'release'>
  /** Wraps the processing of batches of the stage's main topic; batches of its `later` topics stay unwrapped. */
  around(wrap: (onBatch: OnBatch) => OnBatch): void
}
