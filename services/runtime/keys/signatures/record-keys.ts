/** The keys with which a process signs records and verifies them, by purpose and master key. */
import type { KeyObject } from 'node:crypto'
import { privateKeyOf, publicKeyOf } from './signature.ts'
import type { SigningPurpose } from './signed-topics.ts'

/** Where the keys come from: the master keys, or the keys issued for one process. */
export interface RecordKeySource {
  /** 32 bytes; null: this process may not sign for the purpose. */
  signingSeed(purpose: SigningPurpose, keyId: string): Uint8Array | null
  /** 32 bytes; null: not a master key of this pipeline. */
  verifyingKey(purpose: SigningPurpose, keyId: string): Uint8Array | null
}

export class RecordKeys {
  readonly #source: RecordKeySource
  readonly #cache = new Map<string, KeyObject | null>()

  constructor(source: RecordKeySource) {
    this.#source = source
  }

  /** null: this process may not sign for the purpose. */
  private(purpose: SigningPurpose, keyId: string): KeyObject | null {
    return this.#cached(`private ${purpose} ${keyId}`, () => {
      const seed = this.#source.signingSeed(purpose, keyId)
      return seed && privateKeyOf(seed)
    })
  }

  /** null: not a master key of this pipeline. */
  public(purpose: SigningPurpose, keyId: string): KeyObject | null {
    return this.#cached(`public ${purpose} ${keyId}`, () => {
      const bytes = this.#source.verifyingKey(purpose, keyId)
      return bytes && publicKeyOf(bytes)
    })
  }

  #cached(name: string, make: () => KeyObject | null): KeyObject | null {
    const known = this.#cache.get(name)
    if (known !== undefined) return known
    const made = make()
    // Ids come from headers: unknown ones are not remembered, so that forged records cannot fill the memory.
    if (made) this.#cache.set(name, made)
    return made
  }
}
