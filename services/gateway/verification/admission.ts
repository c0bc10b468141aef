/** What a webhook delivery's headers must show before the gateway reads its body. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Proof, Source } from '../../shared/sources/source.ts'
import type { SourceSecrets } from '../config.ts'
import { HttpProblem } from '../http/answers.ts'
import type { GatewayConnections } from './gateway-connections.ts'

/** Bytes of a body that the gateway parses before it knows the sender: parsing a megabyte takes many milliseconds. */
export const maxUnprovenParse = 262_144

export interface VerificationTools {
  readonly connections: Pick<GatewayConnections, 'connected' | 'ownSecret' | 'haveOwnSecrets' | 'haveOwnKey'>
  /** By source name. */
  secretsOf(source: string): SourceSecrets
  mayBeUnsigned(source: string): boolean
}

/**
 * Whether a delivery needs no proof: ALLOW_UNSIGNED names the source, and its mapping asks for no proof or it has no secret. Accounts
 * with a secret of their own need one nevertheless.
 */
export const needsNoProof = (source: Source, proof: Proof, tools: VerificationTools): boolean =>
  tools.mayBeUnsigned(source.name) && (proof.kind === 'none' || tools.secretsOf(source.name).secrets.length === 0)

export const variableOf = (source: string) => `${source.toUpperCase().replaceAll('-', '_')}_WEBHOOK_SECRET`

/** The same for every account, so that an answer does not tell who is a customer. */
export const unproven = (
  source: Source,
  proof: Proof,
  tools: VerificationTools,
  accounts: readonly string[] = [],
): HttpProblem => {
  const { name } = source
  const named = { accounts }
  if (proof.kind === 'none')
    return new HttpProblem(
      401,
      'unsigned_source',
      'the mapping of this source has no signature for the delivery: declare one, or name the source in ALLOW_UNSIGNED for a trial',
      named,
    )
  if (tools.secretsOf(name).secrets.length === 0 && !tools.connections.haveOwnSecrets(name))
    return new HttpProblem(
      401,
      'no_secret',
      `no secret is known for this source: set ${variableOf(name)}, or give the connection a webhookSecret, or name the source in ALLOW_UNSIGNED for a trial`,
      named,
    )
  if (proof.kind === 'missing')
    return new HttpProblem(401, 'signature_missing', 'the signature header of this source is missing', named)
  return new HttpProblem(
    401,
    'signature_wrong',
    "the signature does not fit: the secret differs from the source's and the account's own (a connection's secret counts for its own account only), the body was changed on its way, the header is not of the form that the mapping says, or the signed time is too far from now",
    named,
  )
}

const digest = (text: string) => hash('sha256', text, 'buffer')

/** Compares digests, so that the time of the comparison reveals nothing. */
const isOneOf = (key: string, secrets: readonly string[]): boolean => {
  const given = digest(key)
  return secrets.some((secret) => timingSafeEqual(digest(secret), given))
}

/**
 * Checks all that costs nothing: the content type, the form and age of the signature, and a shared key.
 * @param mediaType of the request, without parameters
 * @param now ms
 * @returns the largest body that the gateway reads for it, bytes; unlimited where the proof needs no parsed body
 * @throws HttpProblem 401, 415
 */
export const admit = (
  source: Source,
  headers: Readonly<Record<string, string>>,
  mediaType: string,
  now: number,
  tools: VerificationTools,
): number => {
  if (source.contentTypes.length > 0 && !source.contentTypes.includes(mediaType))
    throw new HttpProblem(415, 'content_type', `this source posts ${source.contentTypes.join(' or ')}`)
  const proof = source.proofIn(headers, now)
  if (needsNoProof(source, proof, tools)) return Number.POSITIVE_INFINITY
  const { secrets } = tools.secretsOf(source.name)
  const { connections } = tools
  const isKnown =
    proof.kind === 'bytes' ||
    proof.kind === 'fields' ||
    (proof.kind === 'key' && (isOneOf(proof.key, secrets) || connections.haveOwnKey(source.name, proof.key)))
  if (!isKnown || (secrets.length === 0 && !connections.haveOwnSecrets(source.name)))
    throw unproven(source, proof, tools)
  return proof.kind === 'fields' ? maxUnprovenParse : Number.POSITIVE_INFINITY
}
