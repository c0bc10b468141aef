/** Loads what rules need for a batch: the rule sets of its connections, and what they have fired in its conversations. */
import type { Input } from '../runtime/batch/stage.ts'
import type { StateChange, StateStore } from '../runtime/versioned-state/store.ts'
import type { ConnectionDirectory } from '../shared/connections/directory.ts'
import type { ConnectionRecord } from '../shared/model/connection-record.ts'
import type { AttributedMessage, Pseudonym, TopicRecord } from '../shared/model/topic-values.ts'
import type { JudgingRules } from './rule-signals.ts'
import type { LoadedRuleStates } from './rule-state/memories.ts'
import { ruleStateRecordOf } from './rule-state/record.ts'
import { emptyRuleState, type RuleState } from './rule-state/state.ts'

export interface RuleTools {
  of(connection: ConnectionRecord): JudgingRules
  readonly states: StateStore<RuleState>
}

/** As they were when the batch was loaded: a version that comes meanwhile judges the next one. */
export interface LoadedRules {
  /** By connection; only those with rules. */
  readonly sets: ReadonlyMap<string, JudgingRules>
  readonly states: LoadedRuleStates
}

export const noRules: LoadedRules = { sets: new Map(), states: new Map() }

/** Conversations of connections without rules are not read. @throws DependencyError */
export const loadRules = async (
  batch: readonly Input<AttributedMessage>[],
  rules: RuleTools,
  directory: Pick<ConnectionDirectory, 'byId'>,
): Promise<LoadedRules> => {
  const sets = new Map<string, JudgingRules>()
  const ids = new Set<Pseudonym>()
  const seen = new Set<string>()
  for (const { value } of batch) {
    const { connectionId, conversation, aliases, backfill } = value.message
    if (!seen.has(connectionId)) {
      seen.add(connectionId)
      const connection = directory.byId(connectionId)
      const own = connection && rules.of(connection)
      if (own?.active || own?.shadow) sets.set(connectionId, own)
    }
    if (!backfill && sets.has(connectionId)) for (const id of [conversation, ...aliases]) ids.add(id)
  }
  if (sets.size === 0) return noRules
  const states = await rules.states.read([...ids])
  return { sets, states: new Map([...ids].map((id, at) => [id, states[at] ?? emptyRuleState])) }
}

/** One record per changed conversation, by the input that changed it last: it is published with that one. */
export const ruleStateRecords = (
  changes: readonly (StateChange<RuleState> & { readonly by: number })[],
  batch: readonly Input<AttributedMessage>[],
): ReadonlyMap<number, readonly TopicRecord[]> => {
  const records = new Map<number, TopicRecord[]>()
  for (const { conversation, state, by } of changes) {
    const { connectionId } = (batch[by] as Input<AttributedMessage>).value.message
    const value = ruleStateRecordOf(conversation, state, connectionId)
    records.set(by, [...(records.get(by) ?? []), { topic: 'ruleState', key: conversation, value }])
  }
  return records
}
