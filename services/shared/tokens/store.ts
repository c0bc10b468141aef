/** Reads and writes tokens for commands. */
import { randomBytes } from 'node:crypto'
import type { Broker, Producer } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import { readWhole } from '../../runtime/topics/read-topic.ts'
import { topics } from '../../topology.ts'
import type { TokenRecord } from '../model/token-record.ts'
import { tokenHash } from './bearers.ts'

const secretBytes = 32
const idBytes = 6

/** A new token with its record. Only its hash is stored: the token is shown once. @param now ms */
export const newToken = (
  { name, tenantId, accounts, scopes }: Pick<TokenRecord, 'name' | 'tenantId' | 'accounts' | 'scopes'>,
  createdBy: string,
  now: number,
): { readonly token: string; readonly record: TokenRecord } => {
  const tokenId = randomBytes(idBytes).toString('hex')
  // The id in it tells an operator which token a text is; the prefix lets scanners find a leaked one.
  const token = `sgt_${tokenId}_${randomBytes(secretBytes).toString('base64url')}`
  const record: TokenRecord = {
    ...{ tokenId, name, tenantId, accounts, scopes },
    hash: tokenHash(token),
    createdAt: now,
    createdBy,
    revokedAt: null,
    revokedBy: null,
  }
  return { token, record }
}

/** All tokens, revoked ones included, oldest first. @throws DependencyError */
export const readTokens = async (broker: Broker, codec: Codec): Promise<readonly TokenRecord[]> => {
  const found = new Map<string, TokenRecord>()
  await readWhole(broker, topics.tokens.name, async (record) => {
    if (record.key === null) return
    await codec.prepare([record])
    if (record.value === null) found.delete(record.key)
    else {
      const token = codec.decode('tokens', record)
      // A copy of an old record does not bring a revoked token back.
      if (token.revokedAt !== null || !found.get(record.key)?.revokedAt) found.set(record.key, token)
    }
  })
  return [...found.values()].sort((a, b) => a.createdAt - b.createdAt)
}

/** Resolves once the broker has the record. @throws DependencyError */
export const writeToken = (producer: Pick<Producer, 'send'>, codec: Codec, record: TokenRecord): Promise<void> =>
  producer.send([{ topic: topics.tokens.name, key: record.tokenId, value: codec.encode('tokens', record) }])
