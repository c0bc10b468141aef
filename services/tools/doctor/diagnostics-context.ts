/** Everything that the doctor's checks read. Clients open at their first use. */

import type { KeySettings } from '../../runtime/keys/key-settings.ts'
import type { SealedDataSecret } from '../../runtime/keys/keyring.ts'
import type { Refusal } from '../../runtime/keys/signatures/signed-broker.ts'
import type { Broker, Clock, RedisCommands, SchemaRegistry } from '../../runtime/ports.ts'
import type { Connection } from '../../shared/connections/directory.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import type { RuleSetRecord } from '../../shared/model/rules/rule-set.ts'
import type { TokenRecord } from '../../shared/model/token-record.ts'
import type { SourceRegistry } from '../../shared/sources/source.ts'
import type { UnconnectedAccount } from '../../shared/unconnected/account.ts'

/** As control's overview states it. */
export interface StatedProblem {
  /** page, warning or notice. */
  readonly severity: string
  readonly text: string
  readonly runbook: string | null
  readonly remedy?: string
  readonly effects: readonly string[]
}

/** A process of the pipeline, as it answers here and as it announces itself. */
export interface SeenProcess {
  readonly stage: string
  /** URL of its metrics. */
  readonly address: string
  /** State of its health report; `unreachable`: it is down; `out-of-reach`: it announces itself, and does not answer here. */
  readonly state: string
  readonly reason: string | null
  readonly healthy: boolean
  /** null: it does not announce itself. */
  readonly host: string | null
  readonly version: string | null
  /** null: it is heard of, or never was. */
  readonly silentSeconds: number | null
}

export interface DiagnosticsContext {
  readonly dataDir: string
  /** Everything that a data folder, a setting or Redis names; empty: nothing is known. */
  processes(): Promise<readonly SeenProcess[]>
  readonly brokers: string
  readonly redisUrl: string
  readonly registryUrl: string
  readonly env: NodeJS.ProcessEnv
  /** As in `process.version`. */
  readonly nodeVersion: string
  /** The master key that `signals up` stored in the data folder. */
  readonly storedMasterKey: string | undefined
  /** Settings that hold a token for all tenants. */
  readonly fixedTokens: readonly ('INGEST_TOKEN' | 'ADMIN_TOKEN')[]
  readonly clock: Clock
  broker(): Broker
  redis(): RedisCommands
  registry(): SchemaRegistry
  sources(): SourceRegistry
  /** @throws ConfigError without any */
  keys(): KeySettings
  /** The record of its topic; null: the pipeline has sealed nothing yet. */
  dataSecret(): Promise<SealedDataSecret | null>
  /** Whether unsigned records are refused, and which records do not count; null: there are no keys to verify with. */
  signatures(): Promise<{ readonly isLatched: boolean; readonly refused: readonly Refusal[] } | null>
  connections(): Promise<readonly Connection[]>
  tokens(): Promise<readonly TokenRecord[]>
  /** Accounts without a connection that sent something; empty where the gateway does not answer. */
  unconnected(): Promise<readonly UnconnectedAccount[]>
  keywordLists(): Promise<readonly KeywordListRecord[]>
  ruleSets(): Promise<readonly RuleSetRecord[]>
  /** Every breaker of dispatch that is not closed. */
  breakers(): Promise<readonly { readonly connectionId: string; readonly cause: string }[]>
  /** Problems that control's overview names; null: it does not answer here. */
  problems(): Promise<readonly StatedProblem[] | null>
  /** Problems that the services' own settings checks find, one line each. */
  settingProblems(): readonly string[]
  disk(folder: string): Promise<{ freeBytes: number; sizeBytes: number }>
}
