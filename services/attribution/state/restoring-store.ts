/**
 * Conversations that are brought back when Redis has lost them: whoever reads while a part is missing waits until it has been
 * rebuilt from `touches.v1`. Nothing is decided on half of what was known.
 *
 * Several processes may do it at the same time, and a batch that was under way may write meanwhile: what is restored never
 * takes the place of something newer, and a part counts as complete only if nothing was lost while it was being restored.
 */
import { randomUUID } from 'node:crypto'
import type { Pseudonym } from '../../shared/model/topic-values.ts'
import type { ConversationState } from './state.ts'
import { type ConversationStore, type RestorableStore, type StateEntry, StateLost } from './store.ts'

export type RebuiltPart = StateEntry & {
  /** When the record was written, ms. */
  readonly changedAt: number
}

export interface ConversationRebuildTools {
  readonly store: RestorableStore
  /**
   * Hands over all that is remembered, the older before the newer of one conversation, in batches; resolves at its end.
   * @throws DependencyError
   */
  remembered(onBatch: (entries: readonly RebuiltPart[]) => Promise<void>): Promise<void>
  now(): number
  /** Which parts are being restored; null when it is done. */
  onState?(parts: number | null): void
}

export class RebuildingStore implements ConversationStore {
  readonly #tools: ConversationRebuildTools
  #restoring: Promise<void> | null = null

  constructor(tools: ConversationRebuildTools) {
    this.#tools = tools
  }

  async read(conversations: readonly Pseudonym[]): Promise<readonly (ConversationState | null)[]> {
    for (;;) {
      try {
        return await this.#tools.store.read(conversations)
      } catch (error) {
        if (!(error instanceof StateLost)) throw error
        await this.whole()
      }
    }
  }

  write(entries: readonly StateEntry[]): Promise<void> {
    return this.#tools.store.write(entries)
  }

  /** Resolves once the store holds all it should. Batches that find it lost at the same time share one restoration. */
  whole(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = null
    })
    return this.#restoring
  }

  async #restore(): Promise<void> {
    const { store, remembered, now, onState } = this.#tools
    for (let lost = await store.lost(); lost.length > 0; ) {
      onState?.(lost.length)
      const token = randomUUID()
      await store.begin(lost, token)
      const wanted = new Set(lost)
      await remembered((entries) =>
        store.restore(
          entries.filter(({ conversation }) => wanted.has(conversation[0] as string)),
          now(),
        ),
      )
      await store.complete(lost, token)
      lost = await store.lost()
    }
    onState?.(null)
  }
}
