/** What no alert fires for and a person should still know: while one of these is there, all is not well. Pure. */
import { mixedVersions } from '../../runtime/health/heartbeats.ts'
import { type RefusedDeliveries, refusedOf } from '../../shared/refused/refused-deliveries.ts'
import type { KnownProcess } from '../instance-states.ts'
import type { SystemProblem } from '../problems.ts'
import type { Activity } from './activity.ts'
import type { RefusedMapping } from './refused-mappings.ts'

export interface NoticeFacts {
  /** Dead letters that were not redriven. */
  readonly openDeadLetters: number
  /** The codes of those that control keeps. */
  readonly openByCode: Readonly<Record<string, number>>
  readonly connections: readonly { readonly status: string }[]
  readonly activity: Activity
  /** Within a day, newest first. */
  readonly refused: readonly RefusedDeliveries[]
  /** ms */
  readonly now: number
  /** Accounts that send and have no connection. */
  readonly unconnected: number
  /** null: not known, because Kafka has not answered yet. */
  readonly keywordLists: number | null
  /** Lists of which every version is a shadow: they are counted and raise nothing. */
  readonly shadowOnly: readonly string[]
  readonly refusedMappings: readonly RefusedMapping[]
  /** Stages of which no process is known: they do not announce themselves, and no setting names them. */
  readonly notHeardOf: readonly string[]
  /** What announces itself: those that do not answer here, and every version. */
  readonly processes: readonly KnownProcess[]
}

/** Reasons for which a message is dropped in a healthy pipeline; all others are named. */
const expectedDrops =
  /^(?:duplicate|disconnected|backfill|outbound|state_only|no_|outside_consent|consent_ended|ignored_|echo)/

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)
const counted = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
const only = (counts: Readonly<Record<string, number>>, isMeant: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(counts).filter(([name, count]) => count > 0 && isMeant(name)))

type Text = Pick<SystemProblem, 'text' | 'runbook'> & Partial<SystemProblem>
const notice = (id: string, text: Text): SystemProblem => ({ id, severity: 'notice', broughtBy: [], ...text })

/** Of the code that refused most. */
const ofRefusal = (refused: Activity['refused']): Pick<SystemProblem, 'runbook' | 'broughtBy'> => {
  const [[most = ''] = []] = Object.entries(refused).sort(([, a], [, b]) => b - a)
  const code = most.slice(most.indexOf('/') + 1)
  return /^(?:signature_|no_secret$|unsigned_source$)/.test(code)
    ? { runbook: 'SignalsSignaturesRefused', broughtBy: [] }
    : { runbook: 'SignalsGatewayRefuses', broughtBy: ['dependency:kafka'] }
}

const shownRefused = 3
/** The connections and accounts of which something was refused in the window, and why. */
const ofWhom = ({ refused, now, activity }: NoticeFacts): readonly string[] => [
  ...new Set(
    refused
      .filter(({ at, connectionId, accountId }) => {
        const isNamed = connectionId !== null || accountId !== null
        return isNamed && now - at <= activity.minutes * 60_000
      })
      .map((one) => `${refusedOf(one)}: ${one.code}`),
  ),
]

const ofTraffic = (facts: NoticeFacts): SystemProblem[] => {
  const { minutes, refused, dropped } = facts.activity
  const unexpected = only(dropped, (reason) => !expectedDrops.test(reason))
  const whom = ofWhom(facts)
  const more = whom.length > shownRefused ? ', …' : ''
  const named = whom.length === 0 ? '' : `; ${whom.slice(0, shownRefused).join(', ')}${more}`
  return [
    ...(sum(refused) > 0
      ? [
          notice('refused', {
            text: `webhooks refused in the last ${minutes} minutes: ${sum(refused)} (${counted(refused)})${named}`,
            ...ofRefusal(refused),
          }),
        ]
      : whom.length > 0
        ? [
            notice('refused', {
              text: `accounts of a webhook left out in the last ${minutes} minutes, because its signature is not theirs${named}`,
              runbook: 'SignalsSignaturesRefused',
            }),
          ]
        : []),
    ...(sum(unexpected) > 0
      ? [
          notice('dropped', {
            text: `messages dropped in the last ${minutes} minutes: ${counted(unexpected)}`,
            runbook: 'SignalsNothingForwarded',
          }),
        ]
      : []),
  ]
}

const ofConnections = ({ connections, unconnected, keywordLists, shadowOnly }: NoticeFacts): SystemProblem[] => {
  const isConnected = connections.some(({ status }) => status !== 'disconnected')
  return [
    ...(isConnected
      ? []
      : [
          notice('no-connection', {
            text: 'no account is connected: nothing can be reported',
            runbook: null,
            remedy: 'Connect one: `signals connections add --file FILE`, or `signals connections authorise`.',
          }),
        ]),
    ...(isConnected && keywordLists === 0
      ? [
          notice('no-list', {
            text: 'there is no keyword list: no message can have a keyword',
            runbook: null,
            remedy: 'Import one: `signals keywords import FILE`.',
          }),
        ]
      : []),
    ...(shadowOnly.length > 0
      ? [
          notice('not-promoted', {
            text: `no version is active of: ${shadowOnly.slice(0, 5).join(', ')}; its keywords are counted and raise no signal`,
            runbook: null,
            remedy: 'Look at it under Keyword lists, and promote it there or with `signals keywords promote LIST`.',
          }),
        ]
      : []),
    ...(unconnected > 0
      ? [
          notice('unconnected', {
            text: `accounts that send and have no connection: ${unconnected}`,
            runbook: 'SignalsNothingForwarded',
          }),
        ]
      : []),
  ]
}

const ofProcesses = ({ notHeardOf, processes }: NoticeFacts): SystemProblem[] => {
  const far = processes.filter(({ state }) => state === 'out-of-reach')
  const versions = mixedVersions(processes)
  return [
    ...(notHeardOf.length > 0
      ? [
          notice('not-heard-of', {
            text: `not heard of: ${notHeardOf.join(', ')}`,
            runbook: null,
            remedy:
              'Start them. A gateway without Redis announces itself nowhere: name it by `STAGE_METRICS_URLS` at control, STAGE=URL of its metrics.',
            broughtBy: ['dependency:redis'],
          }),
        ]
      : []),
    ...(far.length > 0
      ? [
          notice('out-of-reach', {
            text: `running, and out of control's reach: ${far.map(({ stage, host, address }) => `${stage} on ${host} at ${address}`).join(', ')}`,
            runbook: null,
            remedy:
              'Let control reach these addresses, or set `STATUS_ADDRESS` there to one that it reaches. Their figures are missing.',
          }),
        ]
      : []),
    ...(versions === null
      ? []
      : [
          notice('versions', {
            text: `several versions run: ${versions}`,
            runbook: null,
            remedy: 'Finish the upgrade, or go back: docs/upgrading.md.',
          }),
        ]),
  ]
}

const ofMappings = ({ refusedMappings: [first, ...others] }: NoticeFacts): SystemProblem[] =>
  first
    ? [
        notice('mapping-refused', {
          text: `mapping files refused: ${1 + others.length} (${first.problem})`,
          runbook: null,
          remedy:
            'The last good version of the source stays active, if it has one. Correct the file; `signals mappings check FILE` judges it before.',
        }),
      ]
    : []

const shownCauses = 3

export const noticesOf = (facts: NoticeFacts): readonly SystemProblem[] => {
  const { openDeadLetters, openByCode } = facts
  const causes = counted(openByCode).split(', ').slice(0, shownCauses).join(', ')
  return [
    ...ofProcesses(facts),
    ...ofMappings(facts),
    ...(openDeadLetters > 0
      ? [
          notice('dead-letters', {
            text: `open dead letters: ${openDeadLetters}${causes === '' ? '' : ` (${causes})`}`,
            runbook: 'SignalsDeadLetterRatio',
            remedy:
              'Look at them under Dead letters, or with `signals dead-letters list`; put them back once their cause is mended.',
          }),
        ]
      : []),
    ...ofTraffic(facts),
    ...ofConnections(facts),
  ]
}
