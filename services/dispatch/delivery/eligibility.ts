/** May this connection's signals be sent, right now? Asked before every call: consent can end between two of them. */

import { SealBroken } from '../../runtime/keys/keyring.ts'
import { consentOf } from '../../shared/connections/consent.ts'
import type { ConnectionRecord } from '../../shared/model/connection-record.ts'
import type { SendResult } from '../send-result.ts'

export interface Connections {
  byId(id: string): ConnectionRecord | undefined
}

export type Eligibility =
  | { readonly may: true; readonly connection: ConnectionRecord; readonly token: string }
  | { readonly may: false; readonly finding: SendResult }

const not = (finding: SendResult): Eligibility => ({ may: false, finding })

/** Tokens in the clear, kept as long as the sealed bytes stay the same. Never logged, never in an error. */
export class Tokens {
  readonly #unwrap: (sealed: Uint8Array) => Buffer
  readonly #known = new Map<string, { readonly sealed: Buffer; readonly token: string | null }>()

  constructor(unwrap: (sealed: Uint8Array) => Buffer) {
    this.#unwrap = unwrap
  }

  /** null: sealed under another master key, or nothing that fits into a header. */
  of(connectionId: string, sealed: Buffer): string | null {
    const known = this.#known.get(connectionId)
    if (known && (known.sealed === sealed || known.sealed.equals(sealed))) return known.token
    const token = this.#open(sealed)
    this.#known.set(connectionId, { sealed, token })
    return token
  }

  forget(connectionId: string) {
    this.#known.delete(connectionId)
  }

  #open(sealed: Buffer): string | null {
    try {
      const token = this.#unwrap(sealed).toString('utf8')
      return /^[\x21-\x7e]+$/.test(token) ? token : null
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error
      return null
    }
  }
}

/** @param refused true when TikTok refused this very record's token and the table does not say so yet */
export const eligibilityOf = (
  connection: ConnectionRecord | undefined,
  tokens: Pick<Tokens, 'of'>,
  refused: (connection: ConnectionRecord) => boolean,
): Eligibility => {
  if (!connection) return not({ kind: 'connectionUnknown' })
  switch (connection.status) {
    case 'disconnected':
      return not({ kind: 'withheld' })
    case 'paused':
    case 'reconnect':
      return not({ kind: 'standstill', reason: connection.status })
    case 'active': {
      if (connection.accessToken === null || refused(connection))
        return not({ kind: 'standstill', reason: 'reconnect' })
      const token = tokens.of(connection.connectionId, connection.accessToken)
      return token === null ? not({ kind: 'standstill', reason: 'token_unreadable' }) : { may: true, connection, token }
    }
  }
}

/**
 * The same for a signal of a certain consent: one that waited while that ended is withheld, also where another has begun since.
 * @param consent undefined: nobody noted it
 */
export const underConsent = (standing: Eligibility, consent: string | undefined): Eligibility =>
  standing.may && consent !== undefined && consent !== consentOf(standing.connection)
    ? not({ kind: 'withheld' })
    : standing
