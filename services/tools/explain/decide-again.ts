/** Decides attributed messages again, one by one, by the keywords stage. */
import type { RuleUse } from '../../keywords/rule-signals.ts'
import type { RuleState } from '../../keywords/rule-state/state.ts'
import { type KeywordTools, type KeywordUse, keywords } from '../../keywords/stage.ts'
import type { Outcome } from '../../runtime/batch/outcome.ts'
import type { KeywordListRecord } from '../../shared/model/keyword-list.ts'
import type { RuleSetRecord } from '../../shared/model/rules/rule-set.ts'
import type { AttributedMessage } from '../../shared/model/topic-values.ts'
import { asInput } from '../replay/plan/keyword-signals.ts'
import { ListVersions } from '../replay/plan/list-versions.ts'
import { StateOverlay } from '../replay/plan/overlay.ts'
import { RuleVersions } from '../replay/plan/rule-versions.ts'

export interface DecidingTools extends Pick<KeywordTools, 'codec' | 'keyring' | 'directory' | 'suppressions'> {
  readonly lists: readonly KeywordListRecord[]
  readonly ruleSets: readonly RuleSetRecord[]
}

/** The result decides messages in the order given, by the lists and rules of their time and with nothing fired before. */
export const openDeciding = (tools: DecidingTools, now: number) => {
  const lists = new ListVersions(tools.lists, { kind: 'then' })
  const sets = new RuleVersions(tools.ruleSets, { kind: 'then' })
  const states = new StateOverlay<RuleState>({ read: async (ids) => ids.map(() => null) })
  return async (attributed: AttributedMessage) => {
    const { receivedAt } = attributed.message
    const keywordUses: KeywordUse[] = []
    const ruleUses: RuleUse[] = []
    const current = sets.sets(sets.countAt(receivedAt))
    const stage = keywords({
      ...tools,
      lists: await lists.lists(lists.countAt(receivedAt)),
      rules: { of: (connection) => current.of(connection), states },
      count: (uses) => void keywordUses.push(...uses),
      countRules: (uses) => void ruleUses.push(...uses),
    })
    const batch = [asInput(attributed)]
    const { outcomes, changes } = stage.decide(batch, { state: await stage.load(batch, now), now })
    await stage.save(changes)
    const all = [outcomes[0] ?? []].flat() as Outcome[]
    const signals = all.flatMap((one) =>
      one.kind === 'forwarded'
        ? one.records.flatMap((record) => (record.topic === 'signals' ? [record.value] : []))
        : [],
    )
    const stopped = all.find((one) => one.kind === 'dropped' || one.kind === 'deadLettered')
    const reason =
      stopped?.kind === 'dropped' ? stopped.reason : stopped?.kind === 'deadLettered' ? stopped.failure.code : null
    return { keywordUses, ruleUses, signals, reason: signals.length > 0 ? null : reason }
  }
}
