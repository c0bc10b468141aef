/**
 * Writes changes of connections, each with its line of history, so that of two writers that cross none is lost.
 *
 * A change is a function of the connection as it stands. It is written as the next revision; if somebody else's record of that
 * revision comes first in the log, ours is passed over by everybody, and the change is made anew of theirs. The loser's record
 * would be the one that compaction keeps, so it is always written over: with the change made anew or, where that changes
 * nothing any more, with the winner as it is.
 */
import { randomBytes } from 'node:crypto'
import { type Clock, DependencyError, type Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { topics } from '../../topology.ts'
import type { ChangeAction, ChangeOrigin, ConnectionChange, ConnectionRecord } from '../model/connection-record.ts'
import type { ConnectionDirectory } from './directory.ts'

/** What the history says of a change. */
export interface ChangeNote {
  readonly action: ChangeAction
  readonly code?: number | null
  readonly detail?: string | null
}

/** Who writes. */
export interface Author {
  readonly via: ChangeOrigin
  readonly actor: string
}

/** null: the change is no change of what stands there. Throws what the caller is to hear. */
export type ConnectionUpdate = (current: ConnectionRecord | undefined, now: number) => ConnectionRecord | null

const mostTries = 10
/** Its own record comes back within milliseconds, unless the follower has lost its broker. */
const patienceMs = 30_000

interface Waiting {
  readonly revision: number
  readonly tell: () => void
}

export class ConnectionWriter {
  readonly #directory: ConnectionDirectory
  readonly #codec: Pick<Codec, 'encode'>
  readonly #producer: Pick<Producer, 'send'>
  readonly #clock: Pick<Clock, 'now'>
  readonly #waiting = new Map<string, Set<Waiting>>()

  constructor(tools: {
    directory: ConnectionDirectory
    codec: Pick<Codec, 'encode'>
    producer: Pick<Producer, 'send'>
    clock: Pick<Clock, 'now'>
  }) {
    this.#directory = tools.directory
    this.#codec = tools.codec
    this.#producer = tools.producer
    this.#clock = tools.clock
  }

  /** To be called after each record of the connections topic that was applied to the directory. */
  followed(id: string): void {
    const waiting = this.#waiting.get(id)
    if (!waiting) return
    const revision = this.#directory.byId(id)?.revision ?? 0
    for (const one of [...waiting]) if (revision >= one.revision) one.tell()
  }

  /**
   * Resolves with the connection as it stands once the change is in force in this process; undefined where there is none and
   * none was made.
   * @throws DependencyError, also when others keep writing first; and what `change` throws
   */
  async change(
    id: string,
    change: ConnectionUpdate,
    note: ChangeNote,
    author: Author,
  ): Promise<ConnectionRecord | undefined> {
    let lost = false
    for (let tries = 0; tries < mostTries; tries++) {
      const current = this.#directory.byId(id)
      const made = change(current, this.#clock.now())
      if (!made && !(lost && current)) return current
      const next = made ?? (current as ConnectionRecord)
      const written = await this.#write(next, current, made ? note : { action: 'mended' }, author)
      await this.#until(id, written.revision)
      if (this.#directory.byId(id)?.changeId === written.changeId) {
        if (made) return written
        return this.#directory.byId(id)
      }
      lost = true
    }
    throw new DependencyError('kafka', `${id} is being changed by others all the time; try again`)
  }

  /** Writes the connection as it stands over a record that lost and whose writer is gone. @throws DependencyError */
  async mend(id: string, author: Author): Promise<void> {
    const current = this.#directory.byId(id)
    if (current) await this.#write(current, current, { action: 'mended' }, author)
  }

  /** A line of history alone: something happened that changed nothing here. @throws DependencyError */
  async note(record: ConnectionRecord, note: ChangeNote, author: Author): Promise<void> {
    const line = this.#line(record, record.status, note, author)
    await this.#producer.send([this.#history(line)])
  }

  async #write(next: ConnectionRecord, current: ConnectionRecord | undefined, note: ChangeNote, author: Author) {
    const record: ConnectionRecord = {
      ...next,
      revision: (current?.revision ?? 0) + 1,
      changeId: randomBytes(8).toString('hex'),
    }
    // One call for both, so that no change goes without its line.
    await this.#producer.send([
      {
        topic: topics.connections.name,
        key: record.connectionId,
        value: this.#codec.encode('connections', record),
      },
      this.#history(this.#line(record, current?.status ?? null, note, author)),
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

  #history(line: ConnectionChange) {
    return {
      topic: topics.connectionHistory.name,
      key: line.connectionId,
      value: this.#codec.encode('connectionHistory', line),
    }
  }

  #until(id: string, revision: number): Promise<void> {
    if ((this.#directory.byId(id)?.revision ?? 0) >= revision) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiting)
      const end = () => {
        clearTimeout(timer)
        waiting.delete(one)
        if (waiting.size === 0) this.#waiting.delete(id)
      }
      const one: Waiting = {
        revision,
        tell: () => {
          end()
          resolve()
        },
      }
      const timer = setTimeout(() => {
        end()
        reject(new DependencyError('kafka', 'the change was written but did not come back: the broker is not followed'))
      }, patienceMs)
      waiting.add(one)
    })
  }
}
