/** The connections that the gateway follows, with their own webhook secrets opened once. */
import { hash } from 'node:crypto'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import { SealBroken } from '../../runtime/keys/keyring.ts'
import type { Applied, Connection } from '../../shared/connections/directory.ts'
import { ConnectionDirectory } from '../../shared/connections/directory.ts'

const digest = (secret: string) => hash('sha256', secret, 'hex')

interface Own {
  readonly source: string
  /** Of the secret; null: it does not open, so no key fits it. */
  readonly digest: string | null
}

export class GatewayConnections {
  readonly #directory = new ConnectionDirectory()
  readonly #keyring: Pick<Keyring, 'unwrap'>
  /** Opened secrets, by their sealed bytes: a changed connection has other bytes. */
  readonly #opened = new WeakMap<Uint8Array, string>()
  /** By connection. */
  readonly #own = new Map<string, Own>()
  /** By source, how many connections have a secret of this digest. */
  readonly #digests = new Map<string, Map<string | null, number>>()

  constructor(keyring: Pick<Keyring, 'unwrap'>) {
    this.#keyring = keyring
  }

  /** @param record null removes the connection */
  apply(id: string, record: Connection | null): Applied {
    const applied = this.#directory.apply(id, record)
    if (applied === 'stale') return applied
    this.#forget(id)
    if (record?.webhookSecret) this.#note(id, record)
    return applied
  }

  byId(id: string): Connection | undefined {
    return this.#directory.byId(id)
  }

  #note(id: string, record: Connection) {
    const { source } = record
    const own: Own = { source, digest: this.#digestOf(record) }
    this.#own.set(id, own)
    const digests = this.#digests.get(source) ?? new Map<string | null, number>()
    digests.set(own.digest, (digests.get(own.digest) ?? 0) + 1)
    this.#digests.set(source, digests)
  }

  /** The account's connection, while its consent lasts. */
  connected(source: string, accountId: string): Connection | undefined {
    const found = this.#directory.byAccount(source, accountId)
    return found && found.status !== 'disconnected' ? found : undefined
  }

  /** The connection's own webhook secret; null: it uses the source's. @throws SealBroken */
  ownSecret({ connectionId, webhookSecret }: Connection): string | null {
    if (!webhookSecret) return null
    const known = this.#opened.get(webhookSecret)
    if (known !== undefined) return known
    const secret = this.#keyring.unwrap(webhookSecret, `webhook-secret:${connectionId}`).toString()
    this.#opened.set(webhookSecret, secret)
    return secret
  }

  /** Whether any connection of the source has a secret of its own. */
  haveOwnSecrets(source: string): boolean {
    return this.#digests.has(source)
  }

  /** Whether the key is the own secret of a connection of the source. Compares digests, whose bits no caller can choose. */
  haveOwnKey(source: string, key: string): boolean {
    return this.#digests.get(source)?.has(digest(key)) ?? false
  }

  #digestOf(connection: Connection): string | null {
    try {
      return digest(this.ownSecret(connection) as string)
    } catch (error) {
      if (error instanceof SealBroken) return null
      throw error
    }
  }

  #forget(id: string) {
    const own = this.#own.get(id)
    if (!own) return
    this.#own.delete(id)
    const digests = this.#digests.get(own.source) as Map<string | null, number>
    const left = (digests.get(own.digest) as number) - 1
    if (left > 0) digests.set(own.digest, left)
    else digests.delete(own.digest)
    if (digests.size === 0) this.#digests.delete(own.source)
  }
}
