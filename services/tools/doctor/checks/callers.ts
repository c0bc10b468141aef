/** Checks who may hand over messages: tokens for all tenants, sources without a signature, accounts without a connection. */
import type { Connection } from '../../../shared/connections/directory.ts'
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning } = checkResultsOf('connections')

/** What a token in a setting allows, and the command that makes one for a single tenant. */
const meanings = {
  INGEST_TOKEN: { allows: 'hands over events and looks up attributions', scope: 'ingest' },
  ADMIN_TOKEN: { allows: 'changes connections', scope: 'admin' },
} as const

const checkTokens = async (context: DiagnosticsContext, live: readonly Connection[]): Promise<CheckResult[]> => {
  const tenants = new Set(live.map(({ tenantId }) => tenantId)).size
  const inForce = (await context.tokens()).filter(({ revokedAt }) => revokedAt === null)
  const fixed = context.fixedTokens.map((name) => {
    const { allows, scope } = meanings[name]
    const what = `the bearer of ${name} ${allows} for every tenant`
    return tenants > 1
      ? warning(
          `${what}, and there are ${tenants}`,
          `signals tokens create --tenant TENANT --scope ${scope}, one for each caller; then unset ${name}`,
        )
      : good(what)
  })
  return inForce.length === 0 ? fixed : [...fixed, good(`${counted(inForce.length, 'token')} in force`)]
}

/** Those that ALLOW_UNSIGNED names are a warning of the settings. */
const checkSignatures = ({ env, sources }: DiagnosticsContext): CheckResult[] => {
  const allowed = new Set((env.ALLOW_UNSIGNED ?? '').split(',').map((name) => name.trim()))
  const known = sources()
  return known
    .names()
    .filter((name) => known.get(name)?.signed === false && !allowed.has(name))
    .map((name) =>
      warning(
        `the gateway refuses deliveries of ${name} without a signature, which its mapping does not ask for`,
        'declare a signature in its mapping: docs/sources/mapping-language.md',
      ),
    )
}

const shownAccounts = 5

const checkUnconnected = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  // The gateway and ingest may both have seen one.
  const all = await context.unconnected()
  const accounts = [...new Map(all.map((one) => [`${one.source} ${one.accountId}`, one])).values()]
  if (accounts.length === 0) return []
  const some = accounts.slice(0, shownAccounts).map(({ source, accountId }) => `${source} ${accountId}`)
  const names = `${some.join(', ')}${accounts.length > shownAccounts ? ', …' : ''}`
  return [
    warning(
      `${counted(accounts.length, 'account')} without a connection sent something, of which nothing is kept: ${names}`,
      'signals connections add --file FILE, or end their webhooks at the source; all of them: signals status --json',
    ),
  ]
}

export const callers = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  const live = (await context.connections()).filter(({ status }) => status !== 'disconnected')
  return [...(await checkTokens(context, live)), ...checkSignatures(context), ...(await checkUnconnected(context))]
}
