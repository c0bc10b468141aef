/**
 * `SIGNALS_KEYS`: the keys of one process, and no others, as `signals keys issue` prints them. Base64 of JSON:
 *
 *     {"version": 1, "holder": "dispatch", "keyIds": [current, …previous],
 *      "wrapping": {kind: {keyId: key}}, "derived": {name: key},
 *      "allSigned": whether unsigned records are refused whatever the topic says,
 *      "covered": topics of which that holds, although their records were signed later than the others,
 *      "signing": {purpose: {keyId: seed}}, "verifying": {purpose: {keyId: public key}}}
 *
 * Keys and seeds are 32 bytes in base64.
 */
import { z } from 'zod'
import {
  type DerivedKey,
  derivedKeys,
  type KeyHolder,
  keyHolders,
  keysForOptions,
  keysHeldBy,
  type SecretContext,
  type SecretKind,
  secretKinds,
} from './key-holders.ts'
import type { MasterKeys } from './master-keys.ts'
import { keyBytes, SealBroken, SealingKey } from './sealing-key.ts'
import { type SigningPurpose, signingPurposes } from './signatures/signed-topics.ts'
import { KeyMissing, type KeySource } from './wrapping.ts'

const keyId = z.string().regex(/^[0-9a-f]{16}$/)
const key = z.base64().refine((text) => Buffer.from(text, 'base64').length === keyBytes)
const schema = z.object({
  version: z.literal(1),
  holder: z.enum(keyHolders),
  keyIds: z.array(keyId).min(1),
  wrapping: z.partialRecord(z.enum(secretKinds), z.record(keyId, key)),
  derived: z.partialRecord(z.enum(derivedKeys), key),
  allSigned: z.boolean().default(false),
  covered: z.array(z.string()).default([]),
  signing: z.partialRecord(z.enum(signingPurposes), z.record(keyId, key)).default({}),
  verifying: z.partialRecord(z.enum(signingPurposes), z.record(keyId, key)).default({}),
})
type Document = z.output<typeof schema>

const remedyFor = (holder: string) =>
  `make them with \`signals keys issue ${holder}\` and set SIGNALS_KEYS to what it prints`

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

const parsed = (text: string): Document | null => {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(text, 'base64').toString())).data ?? null
  } catch {
    // The parser's message quotes the keys.
    return null
  }
}

export interface IssueOptions {
  /** As the judge of signatures says. Unset: null. */
  readonly covered?: readonly string[] | null
  /** Also the keys of `keysForOptions`. Unset: false. */
  readonly withOptions?: boolean
}

/** The value of SIGNALS_KEYS for a process. @param derive of the data secret */
export const issueKeys = (
  holder: KeyHolder,
  masters: MasterKeys,
  derive: (name: DerivedKey) => Uint8Array,
  { covered = null, withOptions = false }: IssueOptions = {},
): string => {
  const { kinds, derived: always, signs, verifies } = keysHeldBy[holder]
  const derived = [...always, ...(withOptions ? (keysForOptions[holder] ?? []) : [])]
  const byKeyId = <Name extends string>(names: readonly Name[], bytesOf: (name: Name, id: string) => Uint8Array) =>
    Object.fromEntries(
      names.map((name) => [name, Object.fromEntries(masters.ids.map((id) => [id, base64(bytesOf(name, id))]))]),
    )
  const document: Document = {
    version: 1,
    holder,
    keyIds: [...masters.ids],
    wrapping: byKeyId(kinds, masters.wrappingBytes),
    derived: Object.fromEntries(derived.map((name) => [name, base64(derive(name))])),
    allSigned: covered !== null,
    covered: [...(covered ?? [])],
    signing: byKeyId(signs, (purpose, id) => masters.signingSeed(purpose, id) as Uint8Array),
    verifying: byKeyId(verifies, (purpose, id) => masters.verifyingKey(purpose, id) as Uint8Array),
  }
  return base64(Buffer.from(JSON.stringify(document)))
}

/** Ids may come from outside: only own properties count. */
const bytesOf = (keys: Readonly<Record<string, string>> | undefined, id: string): Uint8Array | null =>
  keys && Object.hasOwn(keys, id) ? Buffer.from(keys[id] as string, 'base64') : null

export class IssuedKeys implements KeySource {
  readonly #document: Document
  readonly #wrapping = new Map<string, SealingKey>()
  readonly ids: readonly string[]
  readonly remedy: string

  /** @throws RangeError naming the remedy, never a key */
  constructor(text: string) {
    const document = parsed(text)
    if (document === null)
      throw new RangeError(
        `SIGNALS_KEYS is not what \`signals keys issue\` prints: ${remedyFor('STAGE')}, or set SIGNALS_MASTER_KEY`,
      )
    this.#document = document
    this.ids = document.keyIds
    this.remedy = `${remedyFor(document.holder)}, with that key in SIGNALS_MASTER_KEY or SIGNALS_MASTER_KEY_PREVIOUS`
  }

  /**
   * Checks at the start that the process has what it needs.
   * @param option asked for by a setting, as `keys issue` spells it; unset: none
   * @throws RangeError naming what is missing and the remedy
   */
  requireKeysOf(holder: KeyHolder, option?: string): void {
    const { kinds, derived: always, signs, verifies } = keysHeldBy[holder]
    const derived = option === undefined ? always : [...always, ...(keysForOptions[holder] ?? [])]
    const lacks = (keyOf: (id: string) => unknown) => this.ids.some((id) => (keyOf(id) ?? null) === null)
    const missing = [
      ...kinds.filter((kind) => lacks((id) => this.#document.wrapping[kind]?.[id])),
      ...derived.filter((name) => this.derivedKey(name) === null && !this.holds('data-secret')),
      ...signs.filter((one) => lacks((id) => this.signingSeed(one, id))).map((one) => `signatures of ${one}`),
      ...verifies.filter((one) => lacks((id) => this.verifyingKey(one, id))).map((one) => `verification of ${one}`),
    ]
    if (missing.length === 0) return
    throw new RangeError(
      `SIGNALS_KEYS was issued for ${this.#document.holder} and lacks ${missing.join(', ')}: ${remedyFor(option === undefined ? holder : `${holder} ${option}`)}`,
    )
  }

  /** null: records without a signature count until the topic says otherwise. */
  get covered(): readonly string[] | null {
    return this.#document.allSigned ? this.#document.covered : null
  }

  holds = (kind: SecretKind): boolean => this.#document.wrapping[kind] !== undefined

  /** null: not issued. */
  derivedKey(name: DerivedKey): Uint8Array | null {
    const text = this.#document.derived[name]
    return text === undefined ? null : Buffer.from(text, 'base64')
  }

  signingSeed = (purpose: SigningPurpose, id: string) => bytesOf(this.#document.signing[purpose], id)

  verifyingKey = (purpose: SigningPurpose, id: string) => bytesOf(this.#document.verifying[purpose], id)

  wrappingKey(kind: SecretKind, id: string): SealingKey {
    const name = `${kind} ${id}`
    const cached = this.#wrapping.get(name)
    if (cached) return cached
    const text = this.#document.wrapping[kind]?.[id]
    if (text === undefined)
      throw new KeyMissing(`the keys issued for ${this.#document.holder} neither open nor seal a ${kind}`)
    const made = new SealingKey(Buffer.from(text, 'base64'))
    this.#wrapping.set(name, made)
    return made
  }

  sealEarlier(): Buffer {
    throw new KeyMissing('issued keys seal in the present form only: run `signals format upgrade` with the master key')
  }

  openEarlier(_sealed: Uint8Array, context: SecretContext): Buffer {
    throw new SealBroken(
      `the ${context.split(':', 1)[0]} is sealed in the form of an earlier version, which only the master key opens: run \`signals format upgrade\` with it`,
    )
  }
}
