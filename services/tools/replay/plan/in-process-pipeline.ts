/**
 * The decisions of live traffic, in one process: the same stages, on stores of the run's own. What they would publish is handed
 * from one to the next, and nothing is written anywhere.
 */

import { ownerOf } from '../../../ingest/identity.ts'
import { keywords } from '../../../keywords/stage.ts'
import type { Outcome } from '../../../runtime/batch/outcome.ts'
import type { Input, Stage } from '../../../runtime/batch/stage.ts'
import { BadRecord } from '../../../runtime/failures.ts'
import type { Keyring } from '../../../runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../../runtime/ports.ts'
import type { Codec } from '../../../runtime/topics/codec.ts'
import type { ConnectionDirectory } from '../../../shared/connections/directory.ts'
import type { AttributedMessage, Message, Signal } from '../../../shared/model/topic-values.ts'
import type { ReplayEntry } from '../request.ts'
import type { ListVersions } from './list-versions.ts'
import { ReorderBuffer } from './reorder-buffer.ts'

export interface Decided {
  readonly signal: Signal
  /** When its message was received, ms: its live signal, if there is one, came after that. */
  readonly receivedAt: number
}

export interface Ingested {
  readonly message: Message
  readonly unseen: boolean
}

export interface InProcessPipelineTools {
  readonly codec: Codec
  readonly keyring: Keyring
  readonly directory: ConnectionDirectory
  readonly epochs: ListVersions
  /** Stages differ in what they keep; a chain does not look into it. */
  readonly ingest: Stage<never, unknown, never>
  readonly attribution: Stage<Message, unknown, never>
  /** As of the last batch: live ingest never let in what this owner stands for. */
  isUnseen(owner: Buffer): boolean
  /** Whose messages are looked at, at all. */
  takes(message: Message): boolean
  /** Whose signals are asked for. */
  wants(message: Message): boolean
  /** Wall clock, ms. */
  readonly now: number
}

/** As many as the loop of a stage decides at one time. */
const slice = 2_000
/** Messages held back for event order: some 40 MB. */
const heldBack = 20_000
/** A wait of live traffic (for a referral that comes apart) is over in a replay: all that will come is there. */
const afterAnyWaitMs = 86_400_000
const mostAttempts = 5

export class InProcessPipeline {
  readonly #entry: ReplayEntry
  readonly #tools: InProcessPipelineTools
  readonly #order = new ReorderBuffer(heldBack)
  readonly #counts = new Map<string, number>()
  #waiting: Input<Message>[] = []
  #messages = 0
  #unseen = 0

  constructor(entry: ReplayEntry, tools: InProcessPipelineTools) {
    this.#entry = entry
    this.#tools = tools
  }

  /** Outcomes by kind and reason, as the stages' metrics would say. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Messages that were looked at. */
  get messages(): number {
    return this.#messages
  }

  /** Messages that live traffic never let in: a mapping that was mended since, a partner's file. */
  get unseen(): number {
    return this.#unseen
  }

  /** @returns signals that are decided by now. @throws DependencyError */
  async take(records: readonly ConsumedRecord[]): Promise<readonly Decided[]> {
    const { codec } = this.#tools
    if (this.#entry !== 'raw') await codec.prepare(records)
    if (this.#entry === 'attributed-messages') {
      return this.#keywords(this.#decoded(records, (record) => codec.decode('attributedMessages', record)).map(value))
    }
    const messages =
      this.#entry === 'raw'
        ? (await this.ingested(records)).map(({ message }) => message)
        : this.#decoded(records, (record) => codec.decode('messages', record)).map(value)
    return this.#attribution(this.#order.add(messages.filter(this.#tools.takes)))
  }

  /** What was held back. */
  async finish(): Promise<readonly Decided[]> {
    if (this.#entry === 'attributed-messages') return []
    const decided = [...(await this.#attribution(this.#order.rest()))]
    for (let tries = 0; this.#waiting.length > 0 && tries < mostAttempts; tries++)
      decided.push(...(await this.#again()))
    return decided
  }

  #count(outcome: Outcome) {
    if (outcome.kind === 'forwarded') return
    const label = `${outcome.kind} ${outcome.kind === 'deadLettered' ? outcome.failure.code : outcome.reason}`
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1)
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

  /** Raw deliveries to messages, and whether live traffic has ever let each of them in. @throws DependencyError */
  async ingested(records: readonly ConsumedRecord[]): Promise<readonly Ingested[]> {
    const { codec, ingest, now, isUnseen } = this.#tools
    await codec.prepare(records)
    const messages: Ingested[] = []
    for (const part of inSlices(this.#decoded(records, (record) => ingest.decode(record)))) {
      const state = await ingest.load(part, now)
      ingest.decide(part, { state, now }).outcomes.forEach((outcomes, at) => {
        const { record } = part[at] as Input<never>
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
      const earlier = this.#waiting
      this.#waiting = []
      decided.push(...(await this.#attributed(part, this.#tools.now)))
      // One slice later: what the wait is for has had its turn.
      if (earlier.length > 0) decided.push(...(await this.#attributed(earlier, this.#tools.now + afterAnyWaitMs)))
    }
    return decided
  }

  async #again(): Promise<readonly Decided[]> {
    const earlier = this.#waiting
    this.#waiting = []
    return this.#attributed(earlier, this.#tools.now + afterAnyWaitMs)
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
          this.#waiting.push({ ...input, attempt: input.attempt + (one.attempted ? 1 : 0) })
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
    const { epochs, wants, takes, now } = this.#tools
    this.#messages += attributed.length
    const wanted = attributed.filter(({ message }) => takes(message) && wants(message))
    const decided: Decided[] = []
    for (const [epoch, ofEpoch] of Map.groupBy(wanted, ({ message }) => epochs.epochOf(message.receivedAt))) {
      const stage = keywords({ ...this.#tools, lists: await epochs.lists(epoch), count: () => {} })
      const part = ofEpoch.map(asInput)
      const state = await stage.load(part, now)
      stage.decide(part, { state, now }).outcomes.forEach((outcome, at) => {
        const { receivedAt } = (ofEpoch[at] as AttributedMessage).message
        for (const one of [outcome].flat() as Outcome[]) {
          this.#count(one)
          if (one.kind !== 'forwarded') continue
          for (const { topic, value } of one.records)
            if (topic === 'signals') decided.push({ signal: value, receivedAt })
        }
      })
    }
    return decided
  }
}

const value = <T>(input: Input<T>): T => input.value

/** Handed on within the process: it stands in no topic. */
const nowhere: ConsumedRecord = {
  topic: 'replay',
  partition: 0,
  offset: 0n,
  key: null,
  value: null,
  headers: {},
  timestamp: 0,
}
const asInput = <T>(value: T): Input<T> => ({ value, record: nowhere, attempt: 1 })

function* inSlices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += slice) yield items.slice(from, from + slice)
}
