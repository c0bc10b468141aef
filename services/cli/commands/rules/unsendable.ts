/** Refuses rules that send where the wire profile has no form for their events. */
import { readProfile, simulatorProfile } from '../../../dispatch/destinations/tiktok/profiles.ts'
import type { SignalRule } from '../../../shared/model/rules/rule-set.ts'
import { Refused } from '../../exit.ts'

/** @throws Refused that names the profile; ConfigError when the profile cannot be read */
export const refuseUnsendable = (
  { rules }: { readonly rules: readonly SignalRule[] },
  env: NodeJS.ProcessEnv,
): void => {
  const sending = rules.findIndex(({ report }) => report === 'send')
  if (sending < 0) return
  const profile = env.TIKTOK_WIRE_PROFILE || simulatorProfile
  const { name, events } = readProfile(profile)
  if (events.outcome === undefined)
    throw new Refused(
      `the rule set is refused, the active version stays: rule ${sending + 1} sends ${rules[sending]?.event}, and the wire profile ${name} has no events.outcome; add it to the profile, or give the rule report: count_only`,
    )
}
