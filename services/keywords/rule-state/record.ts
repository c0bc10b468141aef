/** Converts what rules have fired to and from a record of `rule-state.v1`. */
import type { StateTopic } from '../../runtime/versioned-state/read-states.ts'
import type { RuleStateRecord } from '../../shared/model/rules/rule-state-record.ts'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'
import type { RuleState } from './state.ts'

export const ruleStateRecordOf = (
  conversation: Pseudonym,
  state: RuleState,
  connectionId: string,
): RuleStateRecord => ({ conversation, connectionId, ...state })

export const ruleStateTopic: StateTopic<RuleState> = {
  name: topics.ruleState.name,
  stateOf: (record, codec) => {
    const { conversation, fired, facts, consent, version } = codec.decode('ruleState', record)
    return { conversation, state: { fired, facts, consent, version } }
  },
}
