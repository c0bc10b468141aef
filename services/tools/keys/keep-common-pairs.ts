/** Keeps the key pairs of the pipeline itself: makes the next one when it is due, and erases those that nothing is sealed to. */
import { randomBytes } from 'node:crypto'
import { envelopeKeyContext } from '../../runtime/keys/key-holders.ts'
import type { Keyring } from '../../runtime/keys/keyring.ts'
import { type CommonPairs, commonPairKey } from '../../runtime/keys/secrets/common-pairs.ts'
import type { Producer, ProducerRecord } from '../../runtime/ports.ts'
import type { Codec } from '../../runtime/topics/codec.ts'
import type { DataSecretRecord } from '../../shared/model/topic-values.ts'
import { topics } from '../../topology.ts'

export interface CommonPairTools {
  readonly keyring: Keyring
  readonly commonPairs: CommonPairs
  readonly codec: Pick<Codec, 'encode'>
  readonly producer: Pick<Producer, 'send'>
}

const { name: topic } = topics.dataSecrets

const recordOf = (id: string, value: DataSecretRecord | null, { codec }: CommonPairTools): ProducerRecord => ({
  topic,
  key: commonPairKey(id),
  value: value && codec.encode('dataSecrets', value),
})

/** Two processes may each make one: both pairs are valid, and both are kept. */
const newPair = (now: number, tools: CommonPairTools): ProducerRecord => {
  const { keyring } = tools
  const id = `${new Date(now).toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(4).toString('hex')}`
  const { publicKey, privateKey } = keyring.newEnvelopePair({ kind: 'common', id })
  const value = {
    revision: 1,
    keyId: keyring.activeKeyId,
    sealed: privateKey,
    changedAt: now,
    publicKey,
    signedUpTo: null,
  }
  return recordOf(id, value, tools)
}

/** @param now ms. @throws DependencyError */
export const keepCommonPairs = async (tools: CommonPairTools, now: number): Promise<void> => {
  const { create, erase } = tools.commonPairs.due(now)
  const records = [...(create ? [newPair(now, tools)] : []), ...erase.map((id) => recordOf(id, null, tools))]
  if (records.length > 0) await tools.producer.send(records)
}

/** Wraps the private halves under the active master key. @throws DependencyError, SealBroken */
export const rewrapCommonPairs = async (tools: CommonPairTools): Promise<void> => {
  const { keyring } = tools
  const records = tools.commonPairs.all().flatMap(({ id, record }) => {
    if (keyring.isWrappedNow(record.sealed)) return []
    const sealed = keyring.rewrap(record.sealed, envelopeKeyContext({ kind: 'common', id }))
    return [recordOf(id, { ...record, revision: record.revision + 1, keyId: keyring.activeKeyId, sealed }, tools)]
  })
  if (records.length > 0) await tools.producer.send(records)
}
