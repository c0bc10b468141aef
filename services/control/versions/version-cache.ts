/** All versions of keyword lists and rule sets, read again only when their topics have grown. */
import { readLists } from '../../keywords/lists/store.ts'
import { KeywordArchive } from '../../keywords/lists/versions.ts'
import { RuleSets } from '../../keywords/rules/active-rule-sets.ts'
import { readRuleSets } from '../../keywords/rules/store.ts'
import type { Broker } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { topics } from '../../topology.ts'

/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-console'
const names = [topics.keywordLists.name, topics.ruleSets.name]

export interface Versions {
  readonly keywordLists: KeywordArchive
  readonly ruleSets: RuleSets
}

export class VersionCache {
  readonly #broker: Broker
  readonly #codec: Codec
  #ends = ''
  #known: Versions | null = null
  #reading: Promise<Versions> | undefined

  constructor(broker: Broker, codec: Codec) {
    this.#broker = broker
    this.#codec = codec
  }

  /** As of the last read; null before the first. */
  known(): Versions | null {
    return this.#known
  }

  /** The present versions. @throws DependencyError */
  read(): Promise<Versions> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(): Promise<Versions> {
    const progress = await this.#broker.progress(names.map((topic) => ({ group: queryGroup, topic })))
    const ends = progress.map((partitions) => partitions.map(({ high }) => String(high)).join()).join(' ')
    if (this.#known !== null && ends === this.#ends) return this.#known
    const [lists, sets] = await Promise.all([
      readLists(this.#broker, this.#codec),
      readRuleSets(this.#broker, this.#codec),
    ])
    this.#known = { keywordLists: new KeywordArchive(lists), ruleSets: new RuleSets(sets) }
    this.#ends = ends
    return this.#known
  }
}
