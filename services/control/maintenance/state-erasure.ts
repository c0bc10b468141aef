/**
 * Erases the state of consents that have ended: touches with their tracking IDs, what rules have fired, and both in Redis.
 *
 * It sweeps twice after a disconnect. The first sweep comes when every stage has seen the change; the second takes what a batch that was
 * decided before has written since. Redis notes what is done, so that a restart goes on; without the note the sweeps come again.
 */
import type { Cancel, Clock, RedisCommands, Timers } from '../../runtime/ports.ts'
import { consentMarkOf, earlierConsentsOf } from '../../shared/connections/consent.ts'
import type { ConnectionDirectory } from '../../shared/connections/directory.ts'
import type { Author, ConnectionWriter } from '../../shared/connections/writer.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { ErasableConversation } from '../../tools/persons/erase-conversations.ts'
import { topics } from '../../topology.ts'

/** A change is in force everywhere within 5 s. */
const firstSweepMs = 15_000
/** No batch takes longer from its decision to its last write. */
const lastSweepMs = 150_000
const retryMs = 60_000
/** What is older has left the topic. */
const reachMs = topics.touches.retentionMs + 86_400_000

const author: Author = { via: 'keeper', actor: 'state of conversations' }

const noteKey = (connectionId: string) => `erased:${connectionId}`

/** When the last consent of a connection ended, ms; 0: none has. */
const lastEndOf = (record: ConnectionRecord): number => earlierConsentsOf(record).at(-1)?.to ?? 0

interface StateErasureTools {
  readonly directory: Pick<ConnectionDirectory, 'byId' | 'all'>
  readonly writer: Pick<ConnectionWriter, 'appendHistory'>
  readonly redis: Pick<RedisCommands, 'getMany' | 'setMany'>
  readonly clock: Pick<Clock, 'now'> & Pick<Timers, 'after'>
  /** @returns what was erased. @throws DependencyError */
  erase(
    isErased: (one: ErasableConversation) => boolean,
  ): Promise<readonly Pick<ErasableConversation, 'connectionId'>[]>
  onError(error: unknown): void
}

export class StateErasure {
  readonly #tools: StateErasureTools
  readonly #cancels = new Map<'first' | 'last', Cancel>()
  #running: Promise<void> = Promise.resolve()
  /** By connection, since its consent ended. */
  readonly #erased = new Map<string, number>()

  constructor(tools: StateErasureTools) {
    this.#tools = tools
  }

  /** Call it for each record of `connections.v1`, after the directory has applied it. */
  followed(id: string): void {
    const record = this.#tools.directory.byId(id)
    if (!record || lastEndOf(record) === 0) return
    this.#sweepIn('first', firstSweepMs)
    this.#sweepIn('last', lastSweepMs)
  }

  /** Ends the timers, and waits for a sweep that is under way. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancels.values()) cancel()
    await this.#running
  }

  #sweepIn(sweep: 'first' | 'last', ms: number) {
    this.#cancels.get(sweep)?.()
    const begin = () => {
      this.#running = this.#running
        .then(() => this.#sweep(sweep))
        .catch((error: unknown) => {
          this.#tools.onError(error)
          this.#sweepIn(sweep, retryMs)
        })
    }
    this.#cancels.set(sweep, this.#tools.clock.after(ms, begin))
  }

  /** Connections with an ended consent whose state is not known to be erased. */
  async #due(): Promise<ReadonlyMap<string, ConnectionRecord>> {
    const { directory, redis, clock } = this.#tools
    const ended = directory.all().filter((record) => lastEndOf(record) > clock.now() - reachMs)
    if (ended.length === 0) return new Map()
    const notes = await redis.getMany(ended.map(({ connectionId }) => noteKey(connectionId)))
    const due = ended.filter((record, at) => Number(notes[at] ?? 0) < lastEndOf(record))
    return new Map(due.map((record) => [record.connectionId, record]))
  }

  async #sweep(sweep: 'first' | 'last'): Promise<void> {
    const { writer, redis, erase } = this.#tools
    const due = await this.#due()
    if (due.size === 0) return
    const erased = await erase(({ connectionId, consent }) => {
      const record = due.get(connectionId)
      return record !== undefined && (record.status === 'disconnected' || consent !== consentMarkOf(record))
    })
    for (const { connectionId } of erased) this.#erased.set(connectionId, (this.#erased.get(connectionId) ?? 0) + 1)
    if (sweep === 'first') return
    for (const [id, record] of due) {
      const count = this.#erased.get(id) ?? 0
      // An account's next connection has the earlier consents of the account, and nothing of theirs.
      if (count === 0 && record.status !== 'disconnected') continue
      const detail = `${count} conversations`
      await writer.appendHistory(record, { action: 'state_erased', detail }, author)
      this.#erased.delete(id)
    }
    await redis.setMany(
      Array.from(due, ([id, record]) => ({
        key: noteKey(id),
        value: Buffer.from(String(lastEndOf(record))),
        ttlSeconds: reachMs / 1_000,
      })),
    )
  }
}
