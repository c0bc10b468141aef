/** What becomes of a signal that is sent as several events: it settles as a whole, once each of them has. Pure. */
import type { FinalResult, PartResult, SendResult } from '../send-result.ts'

/** What keeps it from being settled, strongest first. */
const strength: readonly SendResult['kind'][] = [
  'withheld',
  'expired',
  'standstill',
  'connectionUnknown',
  'refused',
  'held',
]

/** @param parts in the order of the events; none: a copy of a signal further ahead in the batch */
export const combined = (parts: readonly PartResult[]): SendResult => {
  const [first] = parts
  if (!first) return { kind: 'repeated' }
  if (parts.every(({ recorded }) => recorded)) return { kind: 'recorded' }
  if (parts.length === 1) return first.result
  for (const kind of strength) {
    const open = parts.find(({ result }) => result.kind === kind)
    if (open) return open.result
  }
  const settled = parts.flatMap(({ result }) => (result.kind === 'settled' ? [result] : []))
  return { kind: 'settled', ...whole(settled) }
}

/** Accepted only when all are; rejected with the code of the one that was. Times span all of them. */
const whole = (parts: readonly FinalResult[]): FinalResult => {
  const rejected = parts.find(({ outcome }) => outcome === 'rejected')
  const accepted = parts.find(({ outcome }) => outcome === 'accepted')
  const told = rejected ?? accepted ?? (parts[0] as FinalResult)
  const sent = parts.flatMap(({ sentAt }) => (sentAt === null ? [] : [sentAt]))
  return {
    outcome: told.outcome,
    code: told.code,
    requestId: told.requestId,
    attempt: Math.max(...parts.map(({ attempt }) => attempt)),
    sentAt: sent.length < parts.length ? null : Math.min(...sent),
    at: Math.max(...parts.map(({ at }) => at)),
  }
}
