/**
 * Which keys there are and which process holds which. A process that is given its own keys alone opens nothing that is not its work:
 * docs/keys.md has the table in words.
 */
import type { SealedTo } from '../../shared/model/key-ids.ts'
import type { StageName } from '../../topology.ts'
import type { SigningPurpose } from './signatures/signed-topics.ts'

/** Kinds of secrets at rest. Each is wrapped under a sub-key of its own of the master key. */
export const secretKinds = [
  'token',
  'account-token',
  'refresh-token',
  'oauth',
  'webhook-secret',
  'data-key',
  'envelope-key',
  'data-secret',
] as const
export type SecretKind = (typeof secretKinds)[number]

/** What a secret is and whose. Wrapped bytes open only under the context under which they were wrapped. */
export type SecretContext = `${Exclude<SecretKind, 'data-secret'>}:${string}` | 'data-secret'

/** Of the private half of an envelope's key pair. Ids of connections hold no slash. */
export const envelopeKeyContext = ({ kind, id }: SealedTo): SecretContext =>
  `envelope-key:${kind === 'common' ? `common/${id}` : id}`

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
  /** Purposes for which the process holds the private half, and those for which it holds the public one. */
  readonly signs: readonly SigningPurpose[]
  readonly verifies: readonly SigningPurpose[]
}

export const keysHeldBy: Readonly<Record<KeyHolder, HeldKeys>> = {
  gateway: { kinds: ['webhook-secret'], derived: ['record-key'], signs: [], verifies: ['records'] },
  ingest: {
    kinds: ['data-key', 'envelope-key', 'data-secret'],
    derived: [],
    signs: ['requests'],
    verifies: ['records'],
  },
  attribution: { kinds: ['data-key'], derived: ['record-key'], signs: [], verifies: ['records'] },
  keywords: { kinds: ['data-key'], derived: ['signal-id', 'record-key'], signs: [], verifies: ['records'] },
  dispatch: { kinds: ['token'], derived: ['record-key'], signs: ['requests'], verifies: ['records'] },
  control: { kinds: secretKinds, derived: [], signs: ['records'], verifies: ['records', 'requests'] },
}

/** What a process does only where its settings ask for it, with the derived keys that it takes. */
export const keysForOptions: Readonly<Partial<Record<KeyHolder, readonly DerivedKey[]>>> = {
  /** GATEWAY_LOOK_UP: from a source's ids to the pseudonym under which attribution keeps a conversation. */
  gateway: ['pseudonym'],
}
