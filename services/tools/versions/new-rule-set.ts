/** A new version of a rule set: from a file, or with the rules of an earlier version. */
import { readProfile, simulatorProfile } from '../../dispatch/destinations/tiktok/profiles.ts'
import type { KeywordArchive } from '../../keywords/lists/versions.ts'
import { parseRuleSet, type RuleSetInput } from '../../keywords/rules/rule-set-file.ts'
import { ruleWarnings } from '../../keywords/rules/rule-warnings.ts'
import type { RuleSetRecord } from '../../shared/model/rules/rule-set.ts'
import type { Authorship } from './new-list.ts'
import { VersionRefused } from './version-refused.ts'

/** Flags that some active keyword list raises. */
export const activeFlagsOf = (lists: KeywordArchive): ReadonlySet<string> =>
  new Set(lists.ids().flatMap((id) => lists.active(id)?.entries.map(({ flag }) => flag) ?? []))

/** @param flags those of the active keyword lists. @throws RuleSetInvalid with every problem, by line */
export const readRuleSetFile = (
  text: string,
  flags: ReadonlySet<string>,
): RuleSetInput & { readonly warnings: readonly string[] } => {
  const input = parseRuleSet(text)
  return { ...input, warnings: ruleWarnings(input.rules, flags, input.lines) }
}

/**
 * @param wireProfile TIKTOK_WIRE_PROFILE; undefined: that of the simulator
 * @throws VersionRefused for rules that send events for which the profile has no form; ConfigError when it cannot be read
 */
export const newRuleSet = (
  made: Omit<RuleSetRecord, 'createdAt' | 'author'>,
  { author, now }: Authorship,
  wireProfile: string | undefined,
): RuleSetRecord => {
  const sending = made.rules.findIndex(({ report }) => report === 'send')
  if (sending >= 0) {
    const { name, events } = readProfile(wireProfile || simulatorProfile)
    if (events.outcome === undefined)
      throw new VersionRefused(
        `rule ${sending + 1} sends ${made.rules[sending]?.event}, and the wire profile ${name} has no events.outcome; add it to the profile, or give the rule report: count_only`,
      )
  }
  return { ...made, createdAt: now, author }
}
