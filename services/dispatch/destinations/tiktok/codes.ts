/**
 * What TikTok's `code` means for a signal. TikTok nearly always answers HTTP 200; this number is the answer.
 *
 * The file holds data only: judge.ts reads it, and a test compares docs/tiktok-codes.md with it. Codes and names come from TikTok's
 * public error list and its published SDK (`tiktok-business-api-sdk`, tiktok_code.py). What dispatch does about each is our reading.
 */
import type { LimitScope, Verdict } from '../destination.ts'

export const verdicts = {
  accepted: { does: 'delivered', help: 'Nothing to do.' },
  duplicate: { does: 'delivered: TikTok has it already', help: 'Nothing to do.' },
  partial: {
    does: 'sent again in smaller calls, to learn which event failed; one that fails alone is rejected',
    help: "Look at the rejected signals' codes.",
  },
  too_many: { does: 'sent again in smaller calls', help: 'Lower DISPATCH_EVENTS_PER_CALL if it lasts.' },
  bad_event: {
    does: 'sent again in smaller calls until the event is alone in its call, then that one is rejected; neighbours are delivered',
    help: 'Compare the wire profile with what TikTok agreed with you; the simulator shows what was sent.',
  },
  throttled: {
    does: "sent later, this connection's signals only; calls of the advertiser pause for a second, those of the app once two connections meet its limit",
    help: 'Wait; ask TikTok for a higher limit if it lasts.',
  },
  service: { does: 'sent later', help: 'Wait: TikTok is in trouble, not the signals.' },
  token: { does: 'connection to `reconnect`, signals parked', help: 'Give the connection a new access token.' },
  authorisation: {
    does: 'connection to `reconnect`, signals parked',
    help: 'The advertiser must authorise again, with all scopes; then give the connection the new access token.',
  },
  unknown: {
    does: 'sent later a few times, then parked; never dropped',
    help: 'Find out what the code means, add it to the table, then resume the connection.',
  },
} as const satisfies Record<Verdict, { does: string; help: string }>

type Source = 'error list' | 'sdk' | 'messaging contract'
export interface CodeEntry {
  readonly verdict: Verdict
  readonly name: string
  /** Whose limit a throttling code is about. */
  readonly limit?: LimitScope
  readonly source: Source
}

const entry = (verdict: Verdict, name: string, source: Source = 'error list'): CodeEntry => ({ verdict, name, source })

export const codes: Readonly<Record<number, CodeEntry>> = {
  0: entry('accepted', 'ok'),
  20001: entry('partial', 'partial success'),
  40050: entry('duplicate', 'duplicated request'),

  40011: entry('too_many', 'too many ids'),
  40061: entry('too_many', 'invalid batch size', 'sdk'),

  40000: entry('bad_event', 'invalid parameters'),
  40002: entry('bad_event', 'parameter error'),
  40006: entry('bad_event', 'version error'),
  40007: entry('bad_event', 'does not exist'),
  40008: entry('bad_event', 'not implemented'),
  40051: entry('bad_event', 'invalid API version'),
  40062: entry('bad_event', 'personal data not hashed', 'sdk'),
  40063: entry('bad_event', 'invalid partner name', 'sdk'),
  40700: entry('bad_event', 'validation error'),
  41002: entry('bad_event', 'fields offline'),

  40016: { ...entry('throttled', 'too many requests of the app'), limit: 'app' },
  40100: { ...entry('throttled', 'too many requests of the app'), limit: 'app' },
  40132: { ...entry('throttled', 'too many requests for one value of a field'), limit: 'advertiser' },
  40133: { ...entry('throttled', 'too many requests of the advertiser'), limit: 'advertiser' },

  40202: entry('service', 'write conflict'),
  50000: entry('service', 'system error'),
  50002: entry('service', 'system time-out'),
  60001: entry('service', 'maintenance'),
  61000: entry('service', 'too many requests, back-end', 'sdk'),

  40102: entry('token', 'access token expired'),
  40105: entry('token', 'access token invalid'),

  40001: entry('authorisation', 'no permission'),
  40103: entry('authorisation', 'refresh token expired'),
  40104: entry('authorisation', 'access token empty'),
  40106: entry('authorisation', 'invalid core user'),
  40107: entry('authorisation', 'refresh token invalid'),
  40113: entry('authorisation', 'app forbidden'),
  40114: entry('authorisation', 'advertiser logged out', 'sdk'),
  40118: entry('authorisation', 'not on the allow list'),
  40119: entry('authorisation', 'not the same identity'),
  40124: entry('authorisation', 'developer rejected'),
  40125: entry('authorisation', 'developer without permission'),
  40130: entry('authorisation', 'scope not authorised', 'sdk'),
  40131: entry('authorisation', 'user authorisation failed', 'sdk'),
  40300: entry('authorisation', 'advertiser does not exist'),
  40301: entry('authorisation', 'advertiser role error'),
}

/** Families of back-end errors: TikTok lists them one by one, dispatch treats them alike. `from` and `to` are inclusive. */
export const codeRanges: readonly (CodeEntry & { readonly from: number; readonly to: number })[] = [
  { from: 51000, to: 51999, ...entry('service', 'a back-end of TikTok failed') },
  { from: 52000, to: 52999, ...entry('service', 'storage of TikTok failed') },
]

const unknown = entry('unknown', 'not in the table')

export const entryOf = (code: number): CodeEntry =>
  codes[code] ?? codeRanges.find(({ from, to }) => code >= from && code <= to) ?? unknown
