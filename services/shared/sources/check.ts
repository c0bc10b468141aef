/** What a mapping makes of a sample, told so that its author can see what to mend. */
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../model/message-event.ts'
import { readMapping } from './parse.ts'
import { DeliveryUnreadable, type RawDelivery, type Source } from './source.ts'
import { Trace } from './trace.ts'

export type ItemReport = {
  /** Its place in the body. */
  readonly item: string
  /** Name or place of the rule that took it, and its line in the document. */
  readonly rule: string
  readonly line: number
} & (
  | { readonly became: 'event'; readonly event: MessageEvent }
  | { readonly became: 'ignored' | 'failed'; readonly reason: string }
)

export interface SampleReport {
  readonly ok: boolean
  /** Why the whole body is no delivery of the source; null when it is one. */
  readonly error: string | null
  readonly items: readonly ItemReport[]
  /** Paths of the body that nothing has looked at; elements of lists together. */
  readonly unread: readonly { readonly path: string; readonly left: number; readonly of: number }[]
}

/** An event must also pass where events come in. */
const judged = (result: ItemReport): ItemReport => {
  if (result.became !== 'event') return result
  const checked = messageEventSchema.safeParse(result.event)
  if (checked.success) return result
  const { item, rule, line } = result
  const reason = eventProblemsOf(checked.error).map(({ field, problem }) => `${field}: ${problem}`)
  return { item, rule, line, became: 'failed', reason: reason.join('; ') }
}

/** @param where names the document in errors. @throws MappingInvalid */
export const checkMapping = (
  text: string,
  where: string,
): { readonly source: Source; check(delivery: RawDelivery): SampleReport } => {
  const { source } = readMapping(text, where)
  return {
    source,
    check(delivery) {
      const trace = new Trace()
      // Compiled again for each sample: a trace is of one delivery.
      const traced = readMapping(text, where, trace)
      let error: string | null = null
      try {
        traced.source.map(delivery)
      } catch (problem) {
        if (!(problem instanceof DeliveryUnreadable)) throw problem
        error = problem.message
      }
      const items = trace.steps.map(({ item, rule, place, result }) =>
        judged({ item, rule, line: traced.lineOf(place), ...result }),
      )
      return {
        ok: error === null && items.every(({ became }) => became !== 'failed'),
        error,
        items,
        unread: trace.unread(),
      }
    },
  }
}
