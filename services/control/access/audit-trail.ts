/** The control plane's entries in the audit trail. */
import type { Clock } from '../../runtime/ports.ts'
import type { AuditEntry } from '../../shared/model/audit.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { Caller } from './identify.ts'

export interface AuditTrailTools {
  /** @throws DependencyError */
  append(entry: AuditEntry): Promise<void>
  readonly clock: Pick<Clock, 'now'>
  /** Gets an entry of a read that could not be written. */
  onLost(error: unknown): void
}

export type AuditFacts = Partial<Pick<AuditEntry, 'target' | 'outcome' | 'note'>>

/** A page that polls is one read. */
const sameReadMs = 900_000
const maxReaders = 1_000

export class AuditTrail {
  readonly #tools: AuditTrailTools
  readonly #reads: ExpiringMap<true>

  constructor(tools: AuditTrailTools) {
    this.#tools = tools
    this.#reads = new ExpiringMap(tools.clock, { lifeMs: sameReadMs, capacity: maxReaders })
  }

  /** Before a change: without an entry there is no change. @throws DependencyError */
  changes(
    { principal, via }: Pick<Caller, 'principal' | 'via'>,
    action: string,
    facts: AuditFacts = {},
  ): Promise<void> {
    const { actor, tenant } = principal
    const at = this.#tools.clock.now()
    return this.#tools.append({
      at,
      actor,
      via,
      action,
      tenant,
      target: null,
      outcome: 'allowed',
      note: null,
      ...facts,
    })
  }

  /** Beside a read. What is read must be readable while Kafka is away, so nothing waits for the entry and a lost one is only reported. */
  reads(caller: Pick<Caller, 'principal' | 'via'>, action: string, facts: AuditFacts = {}): void {
    const same = JSON.stringify([caller.principal.actor, caller.principal.tenant, caller.via, action, facts])
    if (this.#reads.get(same)) return
    this.#reads.set(same, true)
    this.notes(caller, action, facts, () => this.#reads.delete(same))
  }

  /** For a login or a logout: an operator gets in while Kafka is away. */
  notes(
    caller: Pick<Caller, 'principal' | 'via'>,
    action: string,
    facts: AuditFacts = {},
    undo: () => void = () => {},
  ): void {
    this.changes(caller, action, facts).catch((error: unknown) => {
      undo()
      this.#tools.onLost(error)
    })
  }
}
