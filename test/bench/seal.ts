/** CPU of sealing and opening raw deliveries: in an envelope, under a symmetric key alone, and with a sealed box each. */
import sodium from 'libsodium-wrappers'
import { Envelopes } from '../../services/runtime/keys/envelopes.ts'
import { Keyring, SealingKey } from '../../services/runtime/keys/keyring.ts'
import { CommonPairs } from '../../services/runtime/keys/secrets/common-pairs.ts'

const bytes = Number(process.env.BYTES ?? 900)
const connections = Number(process.env.CONNECTIONS ?? 1_000)
const count = Number(process.env.COUNT ?? 50_000)

const keyring = await Keyring.open(Buffer.alloc(32, 1).toString('base64'))
const pairs = new Map(
  Array.from({ length: connections }, (_, n) => {
    const { publicKey, privateKey } = keyring.newEnvelopePair({ kind: 'connection', id: `c${n}` })
    return [`c${n}`, { envelopePublicKey: publicKey, envelopePrivateKey: privateKey }]
  }),
)
const process_ = () =>
  new Envelopes({ keyring, commonPairs: new CommonPairs(), now: Date.now, connectionPair: (id) => pairs.get(id) })

/** @returns µs of CPU for each call */
const measured = (calls: number, work: (n: number) => unknown): number => {
  for (let n = 0; n < calls / 10; n++) work(n)
  const before = process.cpuUsage()
  for (let n = 0; n < calls; n++) work(n)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}
const print = (what: string, us: number) => process.stdout.write(`${what.padEnd(48)}${us.toFixed(1).padStart(8)} µs\n`)

const bodies = Array.from({ length: 64 }, (_, n) => Buffer.alloc(bytes, n))
const bodyOf = (n: number) => bodies[n % bodies.length] as Buffer
const idOf = (n: number) => `c${n % connections}`

process.stdout.write(`${bytes} bytes, ${connections} connections, CPU for each delivery\n`)
const key = new SealingKey(sodium.randombytes_buf(32))
print(
  'sealed under a symmetric key alone',
  measured(count, (n) => key.seal(bodyOf(n), 'context')),
)
const gateway = process_()
const started = process.cpuUsage()
for (let n = 0; n < connections; n++) gateway.seal(idOf(n), bodyOf(n), 'context')
const { user, system } = process.cpuUsage(started)
print('first of an hour, for each connection', (user + system) / connections)
print(
  'sealed in an envelope',
  measured(count, (n) => gateway.seal(idOf(n), bodyOf(n), 'context')),
)
const sealed = Array.from({ length: 10_000 }, (_, n) => gateway.seal(idOf(n), bodyOf(n), 'context'))
const ingest = process_()
print(
  'opened by ingest',
  measured(count, (n) => {
    const { keyId, value } = sealed[n % sealed.length] as (typeof sealed)[number]
    return ingest.open(keyId, value, 'context')
  }),
)
const alone = Array.from({ length: 10_000 }, (_, n) => key.seal(bodyOf(n), 'context'))
print(
  'opened under a symmetric key alone',
  measured(count, (n) => key.open(alone[n % alone.length] as Buffer, 'context')),
)
const { publicKey } = sodium.crypto_box_keypair()
print(
  'a sealed box for each body',
  measured(500, (n) => sodium.crypto_box_seal(bodyOf(n), publicKey)),
)
