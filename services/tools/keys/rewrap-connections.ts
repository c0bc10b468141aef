/** Wraps the secrets of all connections under the active master key, in the present form. Running stages need not stop. */
import { type Keyring, SealBroken } from '../../runtime/keys/keyring.ts'
import type { OpenConnections } from '../../shared/connections/operations.ts'
import { rewrapped } from '../../shared/connections/tokens/rewrap.ts'
import type { Author } from '../../shared/connections/writer.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'

export interface RewrapResult {
  /** How many connections were written. */
  readonly rewrapped: number
  /** Ids of connections whose secrets none of the keys opens. */
  readonly unreadable: readonly string[]
}

/** @throws DependencyError */
export const rewrapConnections = async (
  { directory, writer }: Pick<OpenConnections, 'directory' | 'writer'>,
  keyring: Keyring,
  author: Author,
): Promise<RewrapResult> => {
  let done = 0
  const unreadable: string[] = []
  for (const { connectionId } of directory.all()) {
    let changed = false
    const rewrap = (record: ConnectionRecord | undefined) => {
      const next = record && rewrapped(record, keyring)
      changed = next !== record
      return next && changed ? next : null
    }
    const note = { action: 'rewrapped', detail: `under master key ${keyring.activeKeyId}` } as const
    try {
      await writer.change(connectionId, rewrap, note, author)
      if (changed) done++
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error
      unreadable.push(connectionId)
    }
  }
  return { rewrapped: done, unreadable }
}
