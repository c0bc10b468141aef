/** Compiles a message's text and its origin. */
import { cutText, type TextOrigin, textOrigins } from '../../../model/message-event.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { Value } from '../language/expressions.ts'
import { within, withinEach } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileConstant } from '../values/constants.ts'
import { plainText } from '../values/html.ts'
import { compileCondition, compileOptional, compileValue } from '../values/values.ts'

export interface Words {
  readonly text: string | null
  readonly textOrigin: TextOrigin | null
}

export const noWords: Words = { text: null, textOrigin: null }

/** The person's own words, unless they are passed on from another person. */
const isOwn = (origin: TextOrigin | null) => origin === 'typed' || origin === 'caption'

/** The first entry that yields a text counts. @throws MappingProblem */
export const compileWords = (
  { text: rules, forwarded }: Pick<EventRule, 'text' | 'forwarded'>,
  scope: Scope,
): ((frame: Frame) => Words) => {
  const compiled = withinEach('text', rules, ({ of, origin, html, when }) => ({
    read: within('of', () => compileValue(of, scope)),
    origin: within('origin', () => compileConstant('textOrigin', origin as TextOrigin | Value, textOrigins, scope)),
    html,
    holds: compileOptional(when, scope),
  }))
  const isForwarded =
    forwarded === undefined ? () => false : within('forwarded', () => compileCondition(forwarded, scope))
  return (frame) => {
    for (const { read, origin, html, holds } of compiled) {
      if (!holds(frame)) continue
      const value = asText(read(frame))
      if (value === null) continue
      const text = cutText(html ? plainText(value) : value)
      if (text === '') continue
      const textOrigin = origin(frame)
      return { text, textOrigin: isOwn(textOrigin) && isForwarded(frame) ? 'forwarded' : textOrigin }
    }
    return noWords
  }
}
