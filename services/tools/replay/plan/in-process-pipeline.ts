/**
 * Decides in one process what live traffic decides in three: the same stages, on stores of the run's own. Each stage's output goes
 * straight to the next stage; the pipeline writes nothing.
 */

import type { attribution } from '../../../attribution/stage.ts'
import { BadRecord } from '../../../failures.ts'
import { ownerOf } from '../../../ingest/identity.ts'
import type { ingest } from '../../../ingest/stage.ts'
import type { RuleSets } from '../../../keywords/rules/active-rule-sets.ts'
import type { RuleTools } from '../../../keywords/rules-of-batch.ts'
import type { Outcome } from '../../../runtime/batch/outcome.ts'
import type { Input } from '../../../runtime/batch/stage.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConsentRule } from '../../../shared/connections/consent.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { AttributedMessage, Message } from '../../../shared/model/topic-values.ts'
import type { SuppressionCheck } from '../../../shared/persons/suppressions.ts'
import type { ReplayEntry } from '../request.ts'
import { asInput, type Decided, keywordSignals } from './keyword-signals.ts'
import type { ListVersions } from './list-versions.ts'
import { ReorderBuffer } from './reorder-buffer.ts'
import type { RuleVersions } from './rule-versions.ts'

export interface Ingested {
  readonly message: Message
  /** Live ingest never let the message in. */
  readonly unseen: boolean
}

export interface InProcessPipelineTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly listVersions: ListVersions
  readonly ruleVersions: RuleVersions
  /** What rules fired, with the run's changes on top. */
  readonly ruleStates: RuleTools['states']
  /** The same, by the sets in force now. */
  readonly latestRuleStates: RuleTools['states']
  readonly isUnderConsent: ConsentRule
  readonly suppressions?: SuppressionCheck
  readonly ingest: ReturnType<typeof ingest>
  readonly attribution: ReturnType<typeof attribution>
  /** For the last batch that `ingest` loaded: live ingest never let in the event of this owner. */
  isUnseen(owner: Buffer): boolean
  /** Messages out of scope are not decided at all. */
  isInScope(message: Message): boolean
  /** Other messages change conversation state, but give no signals. */
  isRequested(message: Message): boolean
  /** Wall clock, ms. */
  readonly now: number
}

/** As in the loop of a stage: what it decides at a time. */
const sliceRecords = 2_000
/** Messages in the reorder buffer: about 40 MB. */
const reorderMessages = 20_000
/** Longer than any wait for a referral (at most 10 min): in a replay every referral that will come is there already. */
const afterAnyWaitMs = 86_400_000
const maxAttempts = 5

export class InProcessPipeline {
  readonly #entry: ReplayEntry
  readonly #tools: InProcessPipelineTools
  readonly #order = new ReorderBuffer(reorderMessages)
  readonly #outcomes = new Map<string, number>()
  /** Deferred by attribution: decided again after the next slice. */
  #deferred: Input<Message>[] = []
  #messages = 0
  #unseen = 0
  #foundByNewer: number | null = null
  #foundByNewerRules: number | null = null

  constructor(entry: ReplayEntry, tools: InProcessPipelineTools) {
    this.#entry = entry
    this.#tools = tools
  }

  /** Counts of outcomes by kind and reason, with the names of the stages' metrics. */
  get outcomes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#outcomes].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Messages that reached the keywords stage. */
  get messages(): number {
    return this.#messages
  }

  /** Messages that live ingest never let in: of a mapping fixed since, of a partner's file. */
  get unseen(): number {
    return this.#unseen
  }

  /** Keyword signals that the lists in force now would add; null: the lists that were used are in force. */
  get foundByNewerLists(): number | null {
    return this.#foundByNewer
  }

  /** Outcome signals that the rule sets in force now would add; null: the sets that were used are in force. */
  get foundByNewerRules(): number | null {
    return this.#foundByNewerRules
  }

  /** @returns the signals decided so far and not returned yet. @throws DependencyError */
  async take(records: readonly ConsumedRecord[]): Promise<readonly Decided[]> {
    const { codec } = this.#tools
    if (this.#entry !== 'raw') await codec.prepare(records)
    if (this.#entry === 'attributed-messages') {
      return this.#keywords(
        this.#decoded(records, (record) => codec.decode('attributedMessages', record)).map(inputValue),
      )
    }
    const messages =
      this.#entry === 'raw'
        ? (await this.ingested(records)).map(({ message }) => message)
        : this.#decoded(records, (record) => codec.decode('messages', record)).map(inputValue)
    return this.#attribution(this.#order.add(messages.filter(this.#tools.isInScope)))
  }

  /** @returns the signals of all messages still buffered or deferred. @throws DependencyError */
  async finish(): Promise<readonly Decided[]> {
    if (this.#entry === 'attributed-messages') return []
    const decided = [...(await this.#attribution(this.#order.drain()))]
    for (let tries = 0; this.#deferred.length > 0 && tries < maxAttempts; tries++)
      decided.push(...(await this.#attributed(this.#takeDeferred(), this.#tools.now + afterAnyWaitMs)))
    return decided
  }

  #count(outcome: Outcome) {
    if (outcome.kind === 'forwarded') return
    const label = `${outcome.kind} ${outcome.kind === 'deadLettered' ? outcome.failure.code : outcome.reason}`
    this.#outcomes.set(label, (this.#outcomes.get(label) ?? 0) + 1)
  }

  #decoded<T>(records: readonly ConsumedRecord[], decode: (record: ConsumedRecord) => T): Input<T>[] {
    return records.flatMap((record) => {
      try {
        return [{ value: decode(record), record, attempt: 1 }]
      } catch (error) {
        if (!(error instanceof BadRecord)) throw error
        this.#count({ kind: 'deadLettered', failure: error.failure })
        return []
      }
    })
  }

  /** The messages of raw deliveries. @throws DependencyError */
  async ingested(records: readonly ConsumedRecord[]): Promise<readonly Ingested[]> {
    const { codec, ingest, now, isUnseen } = this.#tools
    await codec.prepare(records)
    const messages: Ingested[] = []
    for (const part of inSlices(this.#decoded(records, (record) => ingest.decode(record)))) {
      const state = await ingest.load(part, now)
      ingest.decide(part, { state, now }).outcomes.forEach((outcomes, at) => {
        const { record } = part[at] as Input<unknown>
        for (const [item, outcome] of ([outcomes].flat() as Outcome[]).entries()) {
          this.#count(outcome)
          if (outcome.kind !== 'forwarded') continue
          const unseen = isUnseen(ownerOf(record, item))
          if (unseen) this.#unseen++
          for (const { topic, value } of outcome.records)
            if (topic === 'messages') messages.push({ message: value, unseen })
        }
      })
    }
    return messages
  }

  async #attribution(messages: readonly Message[]): Promise<readonly Decided[]> {
    const decided: Decided[] = []
    for (const part of inSlices(messages.map(asInput))) {
      const deferred = this.#takeDeferred()
      decided.push(...(await this.#attributed(part, this.#tools.now)))
      // One slice later the referral that they wait for has been decided.
      if (deferred.length > 0) decided.push(...(await this.#attributed(deferred, this.#tools.now + afterAnyWaitMs)))
    }
    return decided
  }

  #takeDeferred(): readonly Input<Message>[] {
    const deferred = this.#deferred
    this.#deferred = []
    return deferred
  }

  async #attributed(part: readonly Input<Message>[], now: number): Promise<readonly Decided[]> {
    const { attribution } = this.#tools
    const state = await attribution.load(part, now)
    const { outcomes, changes } = attribution.decide(part, { state, now })
    await attribution.save(changes)
    const attributed: AttributedMessage[] = []
    outcomes.forEach((outcome, at) => {
      const input = part[at] as Input<Message>
      for (const one of [outcome].flat() as Outcome[]) {
        if (one.kind === 'deferred') {
          this.#deferred.push({ ...input, attempt: input.attempt + (one.attempted ? 1 : 0) })
          continue
        }
        this.#count(one)
        if (one.kind !== 'forwarded') continue
        for (const { topic, value } of one.records) if (topic === 'attributedMessages') attributed.push(value)
      }
    })
    return this.#keywords(attributed)
  }

  async #keywords(attributed: readonly AttributedMessage[]): Promise<readonly Decided[]> {
    const { listVersions, ruleVersions, isRequested, isInScope } = this.#tools
    this.#messages += attributed.length
    const requested = attributed.filter(({ message }) => isInScope(message) && isRequested(message))
    const decided: Decided[] = []
    const countsOf = ({ message }: AttributedMessage) =>
      `${listVersions.countAt(message.receivedAt)} ${ruleVersions.countAt(message.receivedAt)}`
    for (const [counts, own] of Map.groupBy(requested, countsOf)) {
      const [listCount = 0, ruleCount = 0] = counts.split(' ').map(Number)
      const lists = await listVersions.lists(listCount)
      const rules = rulesBy(ruleVersions.sets(ruleCount), this.#tools.ruleStates)
      const found = await keywordSignals(own, { ...this.#tools, lists, rules }, (one) => this.#count(one))
      decided.push(...found)
      const ids = new Set(found.map(({ signal }) => signal.signalId))
      const added = (others: readonly Decided[]) => others.filter(({ signal }) => !ids.has(signal.signalId))
      if (listVersions.hasNewer(listCount)) {
        const others = await keywordSignals(own, { ...this.#tools, lists: await listVersions.latest() })
        this.#foundByNewer = (this.#foundByNewer ?? 0) + added(others).length
      }
      if (ruleVersions.hasNewer(ruleCount)) {
        const latest = rulesBy(ruleVersions.latest(), this.#tools.latestRuleStates)
        const others = added(await keywordSignals(own, { ...this.#tools, lists, rules: latest }))
        const outcomes = others.filter(({ signal }) => signal.kind === 'outcome')
        this.#foundByNewerRules = (this.#foundByNewerRules ?? 0) + outcomes.length
      }
    }
    return decided
  }
}

const rulesBy = (sets: RuleSets, states: RuleTools['states']): RuleTools => ({
  of: (connection) => sets.of(connection),
  states,
})

const inputValue = <T>(input: Input<T>): T => input.value

function* inSlices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += sliceRecords) yield items.slice(from, from + sliceRecords)
}
