/** Combines the results of a signal that is sent as several events: the signal is final once each event is. Pure. */
import type { FinalResult, PartResult, SendResult } from '../signal/send-result.ts'

/** What keeps a signal from being final, strongest first. */
const strength: readonly SendResult['kind'][] = [
  'withheld',
  'counted',
  'expired',
  'blocked',
  'connectionUnknown',
  'refused',
  'notAttempted',
]

/** @param parts in the order of the events; empty for a copy of a signal earlier in the batch */
export const combined = (parts: readonly PartResult[]): SendResult => {
  const [first] = parts
  if (!first) return { kind: 'repeated' }
  if (parts.every(({ recorded }) => recorded)) return { kind: 'recorded' }
  if (parts.length === 1) return first.result
  for (const kind of strength) {
    const open = parts.find(({ result }) => result.kind === kind)
    if (open) return open.result
  }
  const finals = parts.flatMap(({ result }) => (result.kind === 'final' ? [result] : []))
  return { kind: 'final', ...whole(finals) }
}

/** Accepted only when all are; rejected with the code of the one that was. The times span all of them. */
const whole = (parts: readonly FinalResult[]): FinalResult => {
  const rejected = parts.find(({ outcome }) => outcome === 'rejected')
  const accepted = parts.find(({ outcome }) => outcome === 'accepted')
  const decisive = rejected ?? accepted ?? (parts[0] as FinalResult)
  const sent = parts.flatMap(({ sentAt }) => (sentAt === null ? [] : [sentAt]))
  return {
    outcome: decisive.outcome,
    code: decisive.code,
    requestId: decisive.requestId,
    attempt: Math.max(...parts.map(({ attempt }) => attempt)),
    sentAt: sent.length < parts.length ? null : Math.min(...sent),
    at: Math.max(...parts.map(({ at }) => at)),
    ...(parts.some(({ isTest }) => isTest) ? { isTest: true } : {}),
  }
}
