/**
 * Ids of the keys that seal records, in the header `sealed` and in a dead letter's `keyId`:
 *
 *     connection/<id>/<hour>   an hourly key, sealed to the public key of the connection
 *     common/<pair>/<hour>     the same for what names no connection, sealed to a public key of the pipeline
 *     source/<name>            a key of the source, of records from earlier versions
 */

const sourceName = '[a-z][a-z0-9-]{0,31}'
const sourceNames = new RegExp(`^${sourceName}$`)
const hour = '\\d{4}-\\d{2}-\\d{2}T\\d{2}'
const envelopeKeyIds = new RegExp(`^(connection|common)/([A-Za-z0-9][A-Za-z0-9._:-]{0,127})/${hour}$`)
const sourceKeyIds = new RegExp(`^source/(${sourceName})$`)

export const isSourceName = (text: string): boolean => sourceNames.test(text)

export type SealedTo = { readonly kind: 'connection' | 'common'; readonly id: string }
export type KeyId = SealedTo | { readonly kind: 'source'; readonly id: string }

/** @param now ms */
export const envelopeKeyId = ({ kind, id }: SealedTo, now: number): string =>
  `${kind}/${id}/${new Date(now).toISOString().slice(0, 13)}`

/** null: no id of a key. */
export const parseKeyId = (keyId: string): KeyId | null => {
  const [, kind, id] = envelopeKeyIds.exec(keyId) ?? []
  if (id !== undefined) return { kind: kind as SealedTo['kind'], id }
  const source = sourceKeyIds.exec(keyId)?.[1]
  return source === undefined ? null : { kind: 'source', id: source }
}

/** The connection whose key seals a record; undefined: another key, or none. */
export const connectionOfKeyId = (keyId: string | undefined): string | undefined => {
  const parsed = keyId === undefined ? null : parseKeyId(keyId)
  return parsed?.kind === 'connection' ? parsed.id : undefined
}
