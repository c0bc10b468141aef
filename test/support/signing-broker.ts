/** Writes and reads signed topics as control and the commands do, for tests that write records themselves. */
import { MasterKeys } from '../../services/runtime/keys/master-keys.ts'
import { RecordJudge, type SigningLatch } from '../../services/runtime/keys/signatures/record-judge.ts'
import { RecordKeys } from '../../services/runtime/keys/signatures/record-keys.ts'
import { type Refusal, signedBroker } from '../../services/runtime/keys/signatures/signed-broker.ts'
import type { Broker } from '../../services/runtime/ports.ts'
import { masterKey } from './builders.ts'

/**
 * libsodium must be ready, as it is once a keyring was opened.
 * @param latch null: records without a signature count
 */
export const signingBroker = (
  broker: Broker,
  key = masterKey,
  onRefused: (refusal: Refusal) => void = () => {},
  latch: SigningLatch | null = null,
): Broker => {
  const masters = new MasterKeys(key, [])
  const keys = new RecordKeys(masters)
  const signing = { keys, judge: new RecordJudge(keys, latch), activeKeyId: () => masters.ids[0] as string }
  return signedBroker(broker, { signing: async () => signing, onRefused })
}
