/** The active rule sets: the records of `rule-sets.v1`. A new version replaces the old one between two batches. */
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { RuleSetRecord } from '../../shared/model/rules/rule-set.ts'
import { selectedId } from '../versions/selection.ts'
import { VersionArchive, versionKey } from '../versions/version-archive.ts'

/** Record key. */
export const ruleSetKey = ({ ruleSetId, version }: Pick<RuleSetRecord, 'ruleSetId' | 'version'>) =>
  versionKey(ruleSetId, version)

export type RuleSetChoice = Pick<ConnectionRecord, 'ruleSetId' | 'market'>

/** The rule sets that judge a connection's message events. */
export interface RuleSetsOfConnection {
  /** Its rules emit signals; undefined: the connection has none, and no rule fires. */
  readonly active: RuleSetRecord | undefined
  /** Its rules are only counted. */
  readonly shadow: RuleSetRecord | undefined
}

export class RuleSets extends VersionArchive<RuleSetRecord> {
  constructor(records: Iterable<RuleSetRecord> = []) {
    super(({ ruleSetId }) => ruleSetId, records)
  }

  /** A set whose versions are all shadows is counted, beside the set that is active for the connection until then. */
  of({ ruleSetId, market }: RuleSetChoice): RuleSetsOfConnection {
    const isActive = (id: string) => this.active(id) !== undefined
    return {
      active: this.active(selectedId(ruleSetId, market, isActive)),
      shadow: this.shadow(selectedId(ruleSetId, market, this.has)),
    }
  }

  /** The set that the connection names, if it does not exist. */
  missingOf({ ruleSetId }: RuleSetChoice): readonly string[] {
    return ruleSetId === null || this.has(ruleSetId) ? [] : [ruleSetId]
  }
}
