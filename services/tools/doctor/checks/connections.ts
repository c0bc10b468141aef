/** Checks that each connection has what it needs to receive, to match and to send. */

import { knownWays } from '../../../ingest/order/ways.ts'
import { keywordListFields } from '../../../keywords/config.ts'
import { judgeList } from '../../../keywords/lists/limits.ts'
import { listIdOf, missingListsOf } from '../../../keywords/lists/selection.ts'
import { KeywordArchive } from '../../../keywords/lists/versions.ts'
import { defaultVersionedId } from '../../../keywords/versions/selection.ts'
import { ConfigError } from '../../../runtime/config.ts'
import { DependencyError } from '../../../runtime/ports.ts'
import type { Connection } from '../../../shared/connections/directory.ts'
import { textPatternProblem } from '../../../shared/connections/extractors/extractors.ts'
import { tokenState } from '../../../shared/connections/tokens/token-expiry.ts'
import type { KeywordListRecord } from '../../../shared/model/keyword-list.ts'
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('connections')

/** The gateway's own secret for the source. */
const hasSecret = (source: string, env: NodeJS.ProcessEnv) =>
  Boolean(env[`${source.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET`])

const namesOf = (connections: readonly Connection[]) =>
  connections
    .map(({ connectionId }) => connectionId)
    .slice(0, 5)
    .join(', ')

/** @param isNamed whether the overview says it where there is no list at all */
const checkLists = (
  connections: readonly Connection[],
  lists: readonly KeywordListRecord[],
  isNamed: boolean,
): CheckResult[] => {
  const known = new Set(lists.map(({ listId }) => listId))
  const exists = (listId: string) => known.has(listId)
  const found = connections.flatMap((connection) =>
    missingListsOf(connection, exists).map((listId) =>
      bad(
        `connection ${connection.connectionId} names keyword list ${listId}, which does not exist: it matches nothing`,
        `signals keywords import FILE --list ${listId}, or add the connection again with another list`,
      ),
    ),
  )
  if (
    !exists(defaultVersionedId) &&
    !(isNamed && lists.length === 0) &&
    connections.some((connection) => listIdOf(connection, exists) === defaultVersionedId)
  )
    found.push(
      warning('there is no default keyword list: no keyword signals are emitted', 'signals keywords import FILE'),
    )
  return found
}

/** Versions in force from before the limits keep working, so that an upgrade stops no list. */
const checkLimits = (lists: readonly KeywordListRecord[], { env }: DiagnosticsContext): CheckResult[] => {
  const limit = keywordListFields.KEYWORD_FLAGS_MAX.safeParse(env.KEYWORD_FLAGS_MAX || undefined)
  if (!limit.success) return []
  const archive = new KeywordArchive(lists)
  return archive.ids().flatMap((listId) => {
    const active = archive.active(listId)
    if (!active) return []
    const { refused, doubtful } = judgeList(active.entries, limit.data)
    const problem = refused[0] ?? (active.checked ? null : doubtful)
    return problem === null
      ? []
      : [
          warning(
            `keyword list ${listId}, version ${active.version}, could tell what people write: ${problem}`,
            'docs/keywords.md, Limits: import a version within them',
          ),
        ]
  })
}

const checkPatterns = (connections: readonly Connection[]): CheckResult[] => {
  const open = connections.filter(({ extractors }) => extractors?.some((one) => textPatternProblem(one) !== undefined))
  return open.length === 0
    ? []
    : [
        warning(
          `${counted(open.length, 'connection')} with a text pattern that finds whatever a person writes: ${namesOf(open)}`,
          'docs/attribution.md, Extractors: put at least 3 letters into the pattern, then: signals connections add --file FILE',
        ),
      ]
}

const checkSecrets = (connections: readonly Connection[], { env, sources }: DiagnosticsContext): CheckResult[] => {
  const unsigned = new Set((env.ALLOW_UNSIGNED ?? '').split(',').map((name) => name.trim()))
  const withoutSecret = Map.groupBy(
    connections.filter(
      ({ source, webhookSecret }) =>
        sources().get(source)?.signed === true &&
        webhookSecret === null &&
        !hasSecret(source, env) &&
        !unsigned.has(source),
    ),
    ({ source }) => source,
  )
  return [...withoutSecret].map(([source, own]) =>
    warning(
      `no webhook secret of ${source} is set here, and ${counted(own.length, 'connection')} of it ${own.length === 1 ? 'has' : 'have'} none of ${own.length === 1 ? 'its' : 'their'} own: the gateway refuses ${own.length === 1 ? 'its' : 'their'} webhooks`,
      `set ${source.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET for the gateway (deliveries by Kafka or /v1/message-events need none)`,
    ),
  )
}

const checkTokens = (connections: readonly Connection[], now: number): CheckResult[] => {
  const byState = Map.groupBy(connections, (connection) => tokenState(connection, now))
  const expired = byState.get('expired') ?? []
  const expiring = byState.get('expiring') ?? []
  const remedy = 'docs/runbooks/SignalsTokenExpiring.md; for a new one: signals connections authorise ID --account'
  return [
    ...(expired.length > 0
      ? [bad(`${counted(expired.length, 'account token')} expired: ${namesOf(expired)}`, remedy)]
      : []),
    ...(expiring.length > 0
      ? [warning(`${counted(expiring.length, 'account token')} about to expire: ${namesOf(expiring)}`, remedy)]
      : []),
  ]
}

/** Whether message events of the connection came of late, by a connector or over HTTP: it needs no mapping. */
const hasEvents = async ({ connectionId }: Connection, { redis, clock }: DiagnosticsContext): Promise<boolean> => {
  try {
    return ((await knownWays(connectionId, redis(), clock.now())) ?? []).length > 0
  } catch (error) {
    // The check of Redis reports that it does not answer.
    if (error instanceof DependencyError || error instanceof ConfigError) return false
    throw error
  }
}

const checkMappings = async (
  connections: readonly Connection[],
  context: DiagnosticsContext,
): Promise<CheckResult[]> => {
  const unmapped = connections.filter(({ source }) => !context.sources().get(source))
  const results = await Promise.all(
    unmapped.map(async (connection) => {
      const { connectionId, source } = connection
      if (await hasEvents(connection, context)) return []
      return [
        warning(
          `connection ${connectionId} is of source ${source}, which has no mapping here, and no message event of it came of late`,
          'for webhooks, add a mapping (docs/sources) or mend the name; a connector of message events needs none',
        ),
      ]
    }),
  )
  return results.flat()
}

export const connections = async (context: DiagnosticsContext): Promise<CheckResult[]> => {
  const [all, lists] = await Promise.all([context.connections(), context.keywordLists()])
  const live = all.filter(({ status }) => status !== 'disconnected')
  const isNamed = (await context.problems()) !== null
  if (live.length === 0)
    return isNamed
      ? []
      : [warning('no account is connected: every message is dropped', 'signals connections add --file FILE')]
  const refused = live
    .filter(({ status }) => status === 'reconnect')
    .map(({ connectionId }) =>
      bad(
        `connection ${connectionId} needs a new token: TikTok refused the one it has`,
        'have the advertiser authorise again, then: signals connections add --file FILE',
      ),
    )
  const paused = live.filter(({ status }) => status === 'paused')
  const results = [
    ...refused,
    ...checkTokens(live, context.clock.now()),
    ...(await checkMappings(live, context)),
    ...checkLists(live, lists, isNamed),
    ...checkLimits(lists, context),
    ...checkPatterns(live),
    ...checkSecrets(live, context),
    ...(paused.length > 0
      ? [warning(`${counted(paused.length, 'connection')} paused: ${namesOf(paused)}`, 'signals connections resume ID')]
      : []),
  ]
  return [good(`${counted(live.length, 'connection')}`), ...results]
}
