/** Checks that each connection's rule set exists, and that TikTok's wire profile has a form for what its rules send. */
import { readProfile, simulatorProfile } from '../../../dispatch/destinations/tiktok/profiles.ts'
import { RuleSets } from '../../../keywords/rules/active-rule-sets.ts'
import { missingIds } from '../../../keywords/versions/missing.ts'
import { ConfigError } from '../../../runtime/config.ts'
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, bad } = checkResultsOf('connections')

/** null: the profile has one, or cannot be read, which the check of settings reports. */
const profileWithoutForm = ({ TIKTOK_WIRE_PROFILE }: NodeJS.ProcessEnv): string | null => {
  try {
    const { name, events } = readProfile(TIKTOK_WIRE_PROFILE || simulatorProfile)
    return events.outcome === undefined ? name : null
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

export const ruleSets = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  const [connections, records] = await Promise.all([context.connections(), context.ruleSets()])
  const sets = new RuleSets(records)
  const missing = missingIds(connections, (connection) => sets.missingOf(connection)).map(({ connectionId, id }) =>
    bad(
      `connection ${connectionId} names rule set ${id}, which does not exist: none of its rules fires`,
      `signals rules import FILE --rule-set ${id}, or add the connection again with another set`,
    ),
  )
  const profile = profileWithoutForm(context.env)
  const sending = sets.ids().filter((id) => sets.active(id)?.rules.some(({ report }) => report === 'send'))
  const unsendable =
    profile === null
      ? []
      : sending.map((id) =>
          bad(
            `rule set ${id} sends events, and the wire profile ${profile} has no events.outcome: they wait and expire`,
            'add events.outcome to the profile, or import the set with report: count_only',
          ),
        )
  return records.length === 0 ? missing : [good(counted(sets.ids().length, 'rule set')), ...missing, ...unsendable]
}
