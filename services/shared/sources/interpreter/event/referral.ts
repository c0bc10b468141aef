/** Compiles the referral: where the person came from, by the first entry that applies. */
import { type Referral, type ReferralSource, referralSources } from '../../../model/message-event.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { Value } from '../language/expressions.ts'
import { within } from '../language/problem.ts'
import type { Frame, Read, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileConstant } from '../values/constants.ts'
import { compileOptional, compileValue } from '../values/values.ts'

const fields = ['ref', 'adId', 'advertiserId', 'clickId', 'url'] as const

/** In characters. Real click ids and links are shorter; longer ones would make the message too large for its topic. */
const maxLength = 16_384

const compileField = (value: Value | undefined, scope: Scope): ((frame: Frame) => string | null) => {
  const read: Read = value === undefined ? () => undefined : compileValue(value, scope)
  return (frame) => {
    const text = asText(read(frame))
    return text !== null && text.length <= maxLength ? text : null
  }
}

/** @throws MappingProblem */
export const compileReferral = (rules: EventRule['referral'], scope: Scope): ((frame: Frame) => Referral | null) => {
  const compiled = rules.map((rule, at) =>
    within(at, () => ({
      /** An entry without a condition applies if one of its fields is present. */
      needsField: rule.when === undefined,
      holds: compileOptional(rule.when, scope),
      source: within('source', () =>
        compileConstant('referral.source', rule.source as ReferralSource | Value, referralSources, scope),
      ),
      reads: fields.map((field) => within(field, () => compileField(rule[field], scope))),
    })),
  )
  return (frame) => {
    for (const { needsField, holds, source, reads } of compiled) {
      if (!holds(frame)) continue
      const [ref, adId, advertiserId, clickId, url] = reads.map((read) => read(frame)) as (string | null)[]
      const firstField = ref ?? adId ?? advertiserId ?? clickId ?? url ?? null
      if (needsField && firstField === null) continue
      return {
        source: source(frame) ?? 'other',
        ref: ref ?? null,
        adId: adId ?? null,
        advertiserId: advertiserId ?? null,
        clickId: clickId ?? null,
        url: url ?? null,
      }
    }
    return null
  }
}
