/** What came, as lines for people. Pure. */
import type { ExplainedEvent } from '../explanation.ts'

export const timeText = (ms: number) => new Date(ms).toISOString()

/** A reason that is not here is shown as its code. */
const dropReasons: Readonly<Record<string, string>> = {
  disconnected: 'its connection is disconnected',
  duplicate: 'a copy of it came first, and counts',
  duplicate_with_referral: 'a copy of it came first, and counts; the referral that only this one has was passed on',
  ignored_contact: 'it is about a contact, not a conversation; or a label of a contact that has written in none',
  no_connection: 'its account has no connection',
  outside_consent: 'it came before the connection was authorised, or after its consent ended',
  suppressed: 'the person was forgotten on request',
  unverified_account: 'its proof holds for another account',
}

const reasonText = ({ outcome, reason, detail, firstCopy }: ExplainedEvent): string => {
  if (outcome === 'quarantined') return 'put aside by ingest: its account was in quarantine (signals quarantine list)'
  if (outcome === 'dead_letter') return `dead letter at ingest: ${reason}${detail ? `: ${detail}` : ''}`
  const ignored = reason?.startsWith('ignored_') ? `ingest ignores events of its kind (${reason.slice(8)})` : null
  const copy = firstCopy === null ? '' : ` (${firstCopy.source ?? 'no longer held'}, ${firstCopy.delivery})`
  return `dropped: ${dropReasons[reason ?? ''] ?? ignored ?? reason}${copy}`
}

/** The reason leads. */
export const receivedLines = (event: ExplainedEvent): string[] => [
  `${timeText(event.receivedAt)} ${event.kind ?? 'delivery that names it'}`,
  `  ${reasonText(event)}`,
  `  received as ${event.source}, ${event.delivery}`,
]
