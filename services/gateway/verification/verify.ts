/**
 * Verifies a webhook delivery for each account that it names. An account's connection with a webhook secret of its own takes that
 * secret only; every other account takes the source's. So one advertiser's secret proves nothing about another's account.
 */
import type { ParsedBody } from '../../shared/sources/interpreter/delivery/body.ts'
import type { RawDelivery, Source } from '../../shared/sources/source.ts'
import { HttpProblem } from '../http/answers.ts'
import { maxUnprovenParse, needsNoProof, unproven, type VerificationTools } from './admission.ts'

/** Own secrets that are tried for one delivery. A sender signs once, for the accounts of one app. */
const maxOwnSecrets = 20
/** Accounts of a refused delivery that operators see. */
const maxNamed = 20

export interface VerifiedAccount {
  /** null: the delivery names no account. */
  readonly account: string | null
  /** `source` or `connection:<id>`. */
  readonly by: string
  readonly isConnected: boolean
}

export interface VerifiedDelivery {
  readonly parsed: ParsedBody
  /** At least one. */
  readonly verified: readonly VerifiedAccount[]
  /** Accounts that the delivery names and for which its proof does not hold. */
  readonly unverified: readonly string[]
}

const contradiction = () =>
  new HttpProblem(
    400,
    'account_contradicted',
    'the body names another account than the address: correct the address, or leave the account out of it',
  )

const tooLongUnproven = () =>
  new HttpProblem(
    413,
    'too_large_unproven',
    `the sender of a body above ${maxUnprovenParse} bytes must be known without its content: use the secret of the source, or name the account in the address`,
  )

/** @throws HttpProblem 400 for an account in the address that the body contradicts, 401, 413 */
export const verifyDelivery = (source: Source, delivery: RawDelivery, tools: VerificationTools): VerifiedDelivery => {
  const { connections } = tools
  const { name } = source
  const parsed = source.parse(delivery)
  const proof = source.proofIn(delivery.headers, delivery.receivedAt)
  const { secrets, appId } = tools.secretsOf(name)
  const extra = { now: delivery.receivedAt, ...(appId === undefined ? {} : { appId }) }
  const isProof = proof.kind === 'bytes' || proof.kind === 'fields' || proof.kind === 'key'
  const holds = (tried: readonly string[]) =>
    isProof && tried.length > 0 && source.verify(delivery, tried, extra, parsed) === 'ok'
  const ownSecretOf = (account: string): string | null => {
    const connection = connections.connected(name, account)
    return connection ? connections.ownSecret(connection) : null
  }

  const bySource = needsNoProof(source, proof, tools) || holds(secrets)
  // Which accounts it names stays unread: a body that nothing proves is not parsed.
  if (!bySource && !connections.haveOwnSecrets(name)) throw unproven(source, proof, tools)
  if (!bySource && delivery.body.length > maxUnprovenParse) {
    const addressed = delivery.account === null ? null : ownSecretOf(delivery.account)
    if (addressed === null || !holds([addressed])) throw tooLongUnproven()
  }

  const named = source.accountsOf(delivery, parsed)
  if (delivery.account !== null && named.some((account) => account !== delivery.account)) throw contradiction()
  const accounts = named.length > 0 || delivery.account === null ? named : [delivery.account]
  if (accounts.length === 0) {
    if (!bySource) throw unproven(source, proof, tools)
    return { parsed, verified: [{ account: null, by: 'source', isConnected: false }], unverified: [] }
  }

  /** Own secrets, and whether the proof holds with each. */
  const tried = new Map<string, boolean>()
  const holdsOwn = (secret: string): boolean => {
    const known = tried.get(secret)
    if (known !== undefined) return known
    const result = tried.size < maxOwnSecrets && holds([secret])
    tried.set(secret, result)
    return result
  }
  const verified = accounts.flatMap((account): VerifiedAccount[] => {
    const connection = connections.connected(name, account)
    const own = connection ? connections.ownSecret(connection) : null
    const isVerified = own === null ? bySource : holdsOwn(own)
    if (!isVerified) return []
    const by = own === null ? 'source' : `connection:${connection?.connectionId}`
    return [{ account, by, isConnected: connection !== undefined }]
  })
  if (verified.length === 0) throw unproven(source, proof, tools, accounts.slice(0, maxNamed))
  const proven = new Set(verified.map(({ account }) => account))
  return { parsed, verified, unverified: accounts.filter((account) => !proven.has(account)) }
}
