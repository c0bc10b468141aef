/** Compiles the rule for items by which a source says that a person has another id now. */
import type { MessageEvent } from '../../../model/message-event.ts'
import type { JoinsRule } from '../language/event-rule.ts'
import type { Frame, Scope } from '../scope.ts'
import { compileEvent } from './event.ts'

/**
 * The result is a referral event without a referral: it changes no touch and starts nothing, but its aliases join the conversations.
 * The compiled function returns null for an item that names one id only.
 * @throws MappingProblem
 */
export const compileJoins = (
  source: string,
  { messageId, ...rule }: JoinsRule,
  scope: Scope,
): ((frame: Frame, receivedAt: number) => MessageEvent | null) => {
  const build = compileEvent(
    source,
    {
      ...rule,
      requires: [],
      messageId: messageId ?? { const: null },
      kind: 'referral',
      direction: 'inbound',
      sender: 'user',
      text: [],
      links: [],
      attachments: [],
      referral: [],
      backfill: false,
      keepEmpty: true,
    },
    scope,
  )
  return (frame, receivedAt) => {
    const built = build(frame, receivedAt)
    return built.kind === 'event' && built.event.aliases.length > 0 ? built.event : null
  }
}
