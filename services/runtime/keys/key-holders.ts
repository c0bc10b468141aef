/**
 * Which keys there are and which process holds which. A process that is given its own keys alone opens nothing that is not its work:
 * docs/keys.md has the table in words.
 */
import type { StageName } from '../../topology.ts'

/** Kinds of secrets at rest. Each is wrapped under a sub-key of its own of the master key. */
export const secretKinds = [
  'token',
  'account-token',
  'refresh-token',
  'oauth',
  'webhook-secret',
  'data-key',
  'data-secret',
] as const
export type SecretKind = (typeof secretKinds)[number]

/** What a secret is and whose. Wrapped bytes open only under the context under which they were wrapped. */
export type SecretContext = `${Exclude<SecretKind, 'data-secret'>}:${string}` | 'data-secret'

export const kindOf = (context: SecretContext): SecretKind => context.split(':', 1)[0] as SecretKind

/** Keys that derive from the data secret. Their names are part of the derivation: another name would change every id and hash. */
export const derivedKeys = ['pseudonym', 'signal-id', 'mark', 'record-key'] as const
export type DerivedKey = (typeof derivedKeys)[number]

export const keyHolders = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch', 'control'] as const
export type KeyHolder = StageName | 'control'

export interface HeldKeys {
  /** Kinds of secrets that the process unwraps or wraps. A holder of `data-secret` derives all derived keys by itself. */
  readonly kinds: readonly SecretKind[]
  readonly derived: readonly DerivedKey[]
}

export const keysHeldBy: Readonly<Record<KeyHolder, HeldKeys>> = {
  gateway: { kinds: ['webhook-secret', 'data-secret'], derived: [] },
  ingest: { kinds: ['data-key', 'data-secret'], derived: [] },
  attribution: { kinds: ['data-key', 'data-secret'], derived: [] },
  keywords: { kinds: ['data-key', 'data-secret'], derived: [] },
  dispatch: { kinds: ['token', 'data-secret'], derived: [] },
  control: { kinds: secretKinds, derived: [] },
}
