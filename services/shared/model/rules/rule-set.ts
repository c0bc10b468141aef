/** Values of `rule-sets.v1`: which message events become which events at TikTok. */

/** Exactly one field is set: a list that is not empty, or a value that is not null. */
export interface RuleCondition {
  /** Names of outcomes, as the advertiser writes them; any of them. */
  readonly outcome: readonly string[]
  /** Flags of the connection's keyword list; any of them. */
  readonly flags: readonly string[]
  readonly kind: 'order' | null
  /** The n-th inbound message of a conversation, from 1. */
  readonly inboundMessages: number | null
}

export const ruleCounts = ['always', 'once_per_conversation', 'once_per_touch', 'once_in_hours'] as const
export type RuleCount = (typeof ruleCounts)[number]

/** send: to TikTok. count_only: metrics and reports alone. off: not evaluated. */
export const ruleReports = ['send', 'count_only', 'off'] as const
export type RuleReport = (typeof ruleReports)[number]

export interface SignalRule {
  /** The event's name at TikTok. */
  readonly event: string
  readonly when: RuleCondition
  /** What keeps the event back, if it was known at or before its time; null: nothing. */
  readonly unless: RuleCondition | null
  readonly count: RuleCount
  /** Length of a window, h; set only for `once_in_hours`. */
  readonly hours: number | null
  /** Hands on value and currency of an outcome or an order. */
  readonly value: boolean
  readonly report: RuleReport
}

export interface RuleSetRecord {
  readonly ruleSetId: string
  readonly version: number
  /** ms */
  readonly createdAt: number
  readonly rules: readonly SignalRule[]
  /** A shadow version counts what it would fire next to the active version and emits no signal. */
  readonly shadow: boolean
  /** The earlier version that a rollback to it copied; null: not a rollback. */
  readonly copyOf: number | null
  /** Who made the version: a user of the operating system or the id of a token. */
  readonly author: string
}
