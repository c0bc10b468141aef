/** Maps a sample and reports the result of each item, so that the author of a mapping sees what to fix. */
import { eventProblemsOf, type MessageEvent, messageEventSchema } from '../model/message-event.ts'
import { readMapping } from './parse.ts'
import { DeliveryUnreadable, type RawDelivery, type Source } from './source.ts'
import { Trace } from './trace.ts'

export type ItemReport = {
  /** Path in the body. */
  readonly item: string
  /** Name or path of the rule that applied, and its line in the document. */
  readonly rule: string
  readonly line: number
} & (
  | { readonly became: 'event'; readonly event: MessageEvent }
  | { readonly became: 'ignored' | 'failed'; readonly reason: string }
)

export interface SampleReport {
  readonly ok: boolean
  /** Why the whole body is not a delivery of the source; null: it is one. */
  readonly error: string | null
  readonly items: readonly ItemReport[]
  /** Paths of the body that the mapping did not read, with elements of lists merged: unread and all occurrences. */
  readonly unread: readonly { readonly path: string; readonly left: number; readonly of: number }[]
}

/** Fails an event that the message event contract refuses. */
const validated = (result: ItemReport): ItemReport => {
  if (result.became !== 'event') return result
  const checked = messageEventSchema.safeParse(result.event)
  if (checked.success) return result
  const { item, rule, line } = result
  const reason = eventProblemsOf(checked.error).map(({ field, problem }) => `${field}: ${problem}`)
  return { item, rule, line, became: 'failed', reason: reason.join('; ') }
}

/** Fails an event of an account that `accounts` does not name: the gateway verifies and keeps deliveries by those accounts. */
const ofNamedAccount = (result: ItemReport, named: readonly string[]): ItemReport => {
  if (result.became !== 'event' || named.length === 0 || named.includes(result.event.accountId)) return result
  const { item, rule, line } = result
  const reason = 'accountId: is none of the accounts that `accounts` names, so the gateway would keep nothing of it'
  return { item, rule, line, became: 'failed', reason }
}

/** @param where name of the document in errors. @throws MappingInvalid */
export const checkMapping = (
  text: string,
  where: string,
): { readonly source: Source; check(delivery: RawDelivery): SampleReport } => {
  const { source } = readMapping(text, where)
  return {
    source,
    check(delivery) {
      const trace = new Trace()
      // A trace records one delivery, so each sample compiles the mapping again.
      const traced = readMapping(text, where, trace)
      let error: string | null = null
      try {
        traced.source.map(delivery)
      } catch (problem) {
        if (!(problem instanceof DeliveryUnreadable)) throw problem
        error = problem.message
      }
      const named = source.accountsOf(delivery)
      const items = trace.steps
        .map(({ item, rule, position, result }) => validated({ item, rule, line: traced.lineOf(position), ...result }))
        .map((result) => ofNamedAccount(result, named))
      return {
        ok: error === null && items.every(({ became }) => became !== 'failed'),
        error,
        items,
        unread: trace.unread(),
      }
    },
  }
}
