/** Reads all records of the rule-sets topic and writes versions to it. */
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { RuleSetRecord } from '../../shared/model/rules/rule-set.ts'
import { readVersions, writeVersion } from '../versions/store.ts'
import { ruleSetKey } from './active-rule-sets.ts'

/** All versions of all sets, in the order of the topic. @throws DependencyError */
export const readRuleSets = (broker: Broker, codec: Codec): Promise<readonly RuleSetRecord[]> =>
  readVersions('ruleSets', broker, codec)

/** @throws DependencyError, RecordTooLarge */
export const writeRuleSet = (broker: Broker, codec: Codec, set: RuleSetRecord): Promise<void> =>
  writeVersion('ruleSets', ruleSetKey(set), set, broker, codec)
