/** The signals that the keywords stage makes of messages by given lists. Writes nothing. */
import type { KeywordLists } from '../../../keywords/lists/active-lists.ts'
import type { RuleTools } from '../../../keywords/rules-of-batch.ts'
import { keywords } from '../../../keywords/stage.ts'
import type { Outcome } from '../../../runtime/batch/outcome.ts'
import { headerNames } from '../../../runtime/batch/record-headers.ts'
import type { Input } from '../../../runtime/batch/stage.ts'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import type { AttributedMessage, Signal } from '../../../shared/model/topic-values.ts'
import type { InProcessPipelineTools } from './in-process-pipeline.ts'

export interface Decided {
  readonly signal: Signal
  /** The consent under which it was decided, see `consentOf`. */
  readonly consent: string
  /** The mark under which its conversation may be suppressed. */
  readonly suppressionMark?: string | undefined
  /** When the signal's message came, ms. Its live signal, if there is one, came later. */
  readonly receivedAt: number
}

/** Place of a value that no topic holds. */
const noRecord: ConsumedRecord = {
  topic: 'replay',
  partition: 0,
  offset: 0n,
  key: null,
  value: null,
  headers: {},
  timestamp: 0,
}
export const asInput = <T>(value: T): Input<T> => ({ value, record: noRecord, attempt: 1 })

/** The lists and rules that judge the messages; unset: no rules. */
type JudgingTools = InProcessPipelineTools & { readonly lists: KeywordLists; readonly rules?: RuleTools }

/** @param onOutcome each outcome of the stage */
export const keywordSignals = async (
  attributed: readonly AttributedMessage[],
  tools: JudgingTools,
  onOutcome: (outcome: Outcome) => void = () => {},
): Promise<readonly Decided[]> => {
  const { now } = tools
  const stage = keywords({ ...tools, count: () => {} })
  const part = attributed.map(asInput)
  const state = await stage.load(part, now)
  const decided: Decided[] = []
  const { outcomes, changes } = stage.decide(part, { state, now })
  await stage.save(changes)
  outcomes.forEach((outcome, at) => {
    const { receivedAt } = (attributed[at] as AttributedMessage).message
    for (const one of [outcome].flat() as Outcome[]) {
      onOutcome(one)
      if (one.kind !== 'forwarded') continue
      for (const { topic, value, headers } of one.records)
        if (topic === 'signals')
          decided.push({
            signal: value,
            consent: headers?.[headerNames.consent] ?? '',
            suppressionMark: headers?.[headerNames.suppressionMark],
            receivedAt,
          })
    }
  })
  return decided
}
