/** What is known of a topic. Imports nothing. */

export interface TopicSpec {
  readonly name: string
  /** The entity of the record key; equal keys keep their order. A personal id is pseudonymised before it becomes a key. */
  readonly key:
    | 'account'
    | 'conversation'
    | 'connection'
    | 'list'
    | 'rule-set'
    | 'secret'
    | 'token'
    | 'original'
    | 'dead-letter'
    | 'run'
    | 'action'
    | 'suppression'
  readonly partitions: number
  /** -1: unlimited. */
  readonly retentionMs: number
  readonly cleanup: 'delete' | 'compact' | 'compact,delete'
  /** Folder in `schemas/` whose versions are the subject `<name>-value`; null: bytes as a connector sent them. */
  readonly schema: string | null
  /** Largest record batch the broker accepts; unset: the broker's default of 1 MiB. */
  readonly maxMessageBytes?: number
  /** Whether erased values must leave the brokers' disks within a minute. */
  readonly holdsSecrets?: true
  readonly holds: string
}
