/** Compiles a message's text and its origin. */
import { type TextOrigin, textOrigins } from '../../../model/message-event.ts'
import type { EventRule } from '../language/event-rule.ts'
import type { Value } from '../language/expressions.ts'
import { within } from '../language/problem.ts'
import type { Frame, Scope } from '../scope.ts'
import { asText } from '../values/as-text.ts'
import { compileConstant } from '../values/constants.ts'
import { compileOptional, compileValue } from '../values/values.ts'
import { cutText, plainText } from './text.ts'

export interface Words {
  readonly text: string | null
  readonly textOrigin: TextOrigin | null
}

export const noWords: Words = { text: null, textOrigin: null }

/** The first entry that yields a text counts. @throws MappingProblem */
export const compileWords = (rules: EventRule['text'], scope: Scope): ((frame: Frame) => Words) => {
  const compiled = rules.map(({ of, origin, html, when }, at) =>
    within(at, () => ({
      read: within('of', () => compileValue(of, scope)),
      origin: within('origin', () => compileConstant('textOrigin', origin as TextOrigin | Value, textOrigins, scope)),
      html,
      holds: compileOptional(when, scope),
    })),
  )
  return (frame) => {
    for (const { read, origin, html, holds } of compiled) {
      if (!holds(frame)) continue
      const value = asText(read(frame))
      if (value === null) continue
      const text = cutText(html ? plainText(value) : value)
      if (text !== '') return { text, textOrigin: origin(frame) }
    }
    return noWords
  }
}
