/**
 * Writes changes of connections, each with a line of history, so that concurrent writers lose no change.
 *
 * A change is a function of the current record, written as its next revision. If another writer's record of that revision comes
 * first in the log, every process skips ours. Then the writer repeats the change on the winner. Compaction would keep the last
 * record, the loser. So the writer always overwrites it: with the repeated change, or with a copy of the winner.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, DependencyError, type Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { topics } from '../../topology.ts'
import type { ChangeAction, ChangeOrigin, ConnectionChange, ConnectionRecord } from '../model/connection-record.ts'
import type { ConnectionDirectory } from './directory.ts'

/** The part of a history line that the caller gives. */
export interface ChangeNote {
  readonly action: ChangeAction
  readonly code?: number | null
  readonly detail?: string | null
}

/** Who makes a change, for the history. */
export interface Author {
  readonly via: ChangeOrigin
  readonly actor: string
}

/** Returns null for a no-op. Errors thrown here reach the caller of `change`. */
export type ConnectionUpdate = (current: ConnectionRecord | undefined, now: number) => ConnectionRecord | null

const maxAttempts = 10
/** The writer's own record returns within milliseconds, unless the follower has lost its broker. */
const timeoutMs = 30_000

interface Waiter {
  readonly revision: number
  resolve(): void
}

export class ConnectionWriter {
  readonly #directory: ConnectionDirectory
  readonly #codec: Pick<Codec, 'encode'>
  readonly #producer: Pick<Producer, 'send'>
  readonly #clock: Pick<Clock, 'now' | 'sleep'>
  readonly #waiters = new Map<string, Set<Waiter>>()

  constructor(tools: {
    directory: ConnectionDirectory
    codec: Pick<Codec, 'encode'>
    producer: Pick<Producer, 'send'>
    clock: Pick<Clock, 'now' | 'sleep'>
  }) {
    this.#directory = tools.directory
    this.#codec = tools.codec
    this.#producer = tools.producer
    this.#clock = tools.clock
  }

  /** Call it after applying a record of the connections topic to the directory. */
  followed(id: string): void {
    const waiters = this.#waiters.get(id)
    if (!waiters) return
    const revision = this.#directory.byId(id)?.revision ?? 0
    for (const waiter of [...waiters]) if (revision >= waiter.revision) waiter.resolve()
  }

  /**
   * Resolves once this process has applied the change, with the current record; undefined when there is none.
   * @throws DependencyError, also when other writers win ten times in a row; and the errors of `change`
   */
  async change(
    id: string,
    change: ConnectionUpdate,
    note: ChangeNote,
    author: Author,
  ): Promise<ConnectionRecord | undefined> {
    let lost = false
    for (let attempts = 0; attempts < maxAttempts; attempts++) {
      const current = this.#directory.byId(id)
      const made = change(current, this.#clock.now())
      if (!made && !(lost && current)) return current
      const next = made ?? (current as ConnectionRecord)
      const written = await this.#write(next, current, made ? note : { action: 'mended' }, author)
      await this.#untilFollowed(id, written.revision)
      if (this.#directory.byId(id)?.changeId === written.changeId) {
        if (made) return written
        return this.#directory.byId(id)
      }
      lost = true
    }
    throw new DependencyError('kafka', `other writers keep changing ${id}; try again`)
  }

  /** Writes the current record over a losing one whose writer is gone. @throws DependencyError */
  async repair(id: string, author: Author): Promise<void> {
    const current = this.#directory.byId(id)
    if (current) await this.#write(current, current, { action: 'mended' }, author)
  }

  /** Appends a line of history without a change of the record. @throws DependencyError */
  async appendHistory(record: ConnectionRecord, note: ChangeNote, author: Author): Promise<void> {
    const line = this.#line(record, record.status, note, author)
    await this.#producer.send([this.#historyRecord(line)])
  }

  async #write(next: ConnectionRecord, current: ConnectionRecord | undefined, note: ChangeNote, author: Author) {
    const record: ConnectionRecord = {
      ...next,
      revision: (current?.revision ?? 0) + 1,
      changeId: randomBytes(8).toString('hex'),
    }
    // One call for both, so that every change has its line.
    await this.#producer.send([
      {
        topic: topics.connections.name,
        key: record.connectionId,
        value: this.#codec.encode('connections', record),
      },
      this.#historyRecord(this.#line(record, current?.status ?? null, note, author)),
    ])
    return record
  }

  #line(
    record: ConnectionRecord,
    from: ConnectionChange['from'],
    note: ChangeNote,
    { via, actor }: Author,
  ): ConnectionChange {
    const { connectionId, revision, changeId, status } = record
    return {
      connectionId,
      revision,
      changeId,
      at: this.#clock.now(),
      via,
      actor,
      action: note.action,
      from,
      to: status,
      code: note.code ?? null,
      detail: note.detail ?? null,
    }
  }

  #historyRecord(line: ConnectionChange) {
    return {
      topic: topics.connectionHistory.name,
      key: line.connectionId,
      value: this.#codec.encode('connectionHistory', line),
    }
  }

  /** @throws DependencyError when the revision does not return in time */
  async #untilFollowed(id: string, revision: number): Promise<void> {
    if ((this.#directory.byId(id)?.revision ?? 0) >= revision) return
    const returned = Promise.withResolvers<void>()
    const waiter: Waiter = { revision, resolve: returned.resolve }
    const waiters = this.#waiters.get(id) ?? new Set()
    this.#waiters.set(id, waiters.add(waiter))
    const done = new AbortController()
    const timeout = this.#clock.sleep(timeoutMs, done.signal).then(() => {
      if (!done.signal.aborted)
        throw new DependencyError(
          'kafka',
          'the change was written but did not return: this process does not follow the broker',
        )
    })
    try {
      await Promise.race([returned.promise, timeout])
    } finally {
      done.abort()
      waiters.delete(waiter)
      if (waiters.size === 0) this.#waiters.delete(id)
    }
  }
}
