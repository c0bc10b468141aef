/** What the doctor looks at. Clients are opened when first asked for. */

import type { MasterKeySettings } from '../../runtime/keys/data-secret.ts'
import type { SealedDataSecret } from '../../runtime/keys/keyring.ts'
import type { Broker, RedisCommands, SchemaRegistry } from '../../runtime/ports.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'

export interface DiagnosticsContext {
  readonly dataDir: string
  /** Metrics addresses by stage of a pipeline that runs on the data folder; null where none does. */
  readonly metrics: Readonly<Record<string, string>> | null
  readonly brokers: string
  readonly redisUrl: string
  readonly registryUrl: string
  readonly env: NodeJS.ProcessEnv
  /** As in `process.version`. */
  readonly nodeVersion: string
  /** Kept in the data folder where the environment has none. */
  readonly keptMasterKey: string | undefined
  now(): number
  broker(): Broker
  redis(): RedisCommands
  registry(): SchemaRegistry
  sources(): SourceRegistry
  /** @throws ConfigError where there is none */
  masterKeys(): MasterKeySettings
  /** As it stands in its topic; null: nothing has been sealed yet. */
  dataSecret(): Promise<SealedDataSecret | null>
  connections(): Promise<readonly Connection[]>
  keywordLists(): Promise<readonly KeywordListRecord[]>
  /** Every breaker of dispatch that is not closed. */
  breakers(): Promise<readonly { readonly connectionId: string; readonly cause: string }[]>
  /** What each service says about its settings: one line a problem. */
  settingProblems(): readonly string[]
  /** The JSON of a stage's /healthz; null when it does not answer. */
  health(
    metricsUrl: string,
  ): Promise<{ state: string; reason: string | null; healthy: boolean; oldestUnprocessedSeconds: number } | null>
  disk(folder: string): Promise<{ freeBytes: number; sizeBytes: number }>
}
