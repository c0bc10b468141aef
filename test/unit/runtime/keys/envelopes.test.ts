import { mock } from 'node:test'
import sodium from 'libsodium-wrappers'
import { CommonPairs } from '../../../../services/runtime/keys/common-pairs.ts'
import { type ConnectionPair, Envelopes } from '../../../../services/runtime/keys/envelopes.ts'
import { IssuedKeys, issueKeys } from '../../../../services/runtime/keys/issued-keys.ts'
import { KeyMissing, Keyring } from '../../../../services/runtime/keys/keyring.ts'
import { MasterKeys } from '../../../../services/runtime/keys/master-keys.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { masterKey, noon, testEnvelopes, testKeyring } from '../../../support/builders.ts'

const words = 'ya hice el pago, me llamo Ana'
const hour = 3_600_000

const open = async () => {
  const keyring = await testKeyring()
  const connections = new Map<string, ConnectionPair>()
  const connect = (id: string) => {
    const { publicKey, privateKey } = keyring.newEnvelopePair({ kind: 'connection', id })
    connections.set(id, { envelopePublicKey: publicKey, envelopePrivateKey: privateKey })
  }
  connect('A')
  connect('B')
  let now = noon
  const process = (own = keyring) =>
    testEnvelopes(
      keyring,
      (id) => connections.get(id),
      () => now,
      own,
    )
  return { keyring, connections, connect, process, later: (ms: number) => (now += ms) }
}

describe('an envelope', () => {
  it('opens for the holder of the private half, in its own context and under its own id', async () => {
    const { process } = await open()
    const { keyId, value } = process().seal('A', words, 'here')
    const reader = process()
    expect(keyId).toBe('connection/A/2026-11-23T12')
    expect(reader.open(keyId, value, 'here')).toEqual({ bytes: Buffer.from(words) })
    for (const [id, context] of [
      [keyId, 'there'],
      ['connection/A/2026-11-23T13', 'here'],
    ] as const)
      expect(reader.open(id, value, context)).toEqual({ problem: 'seal_broken' })
    expect(reader.open('connection/B/2026-11-23T12', value, 'here')).toEqual({ problem: 'key_erased' })
    expect(value.includes('pago')).toBe(false)
  })

  it('can be made and not opened by a process that lacks the private halves', async () => {
    const { keyring, process } = await open()
    const masters = new MasterKeys(masterKey, [])
    const gateway = Keyring.of(new IssuedKeys(issueKeys('gateway', masters, (name) => keyring.derivedKey(name))))
    const sealing = process(gateway)
    const { keyId, value } = sealing.seal('A', words, 'here')
    const common = sealing.seal(null, words, 'here')
    expect(process().open(keyId, value, 'here')).toEqual({ bytes: Buffer.from(words) })
    expect(() => sealing.open(keyId, value, 'here')).toThrow(KeyMissing)
    expect(() => sealing.open(common.keyId, common.value, 'here')).toThrow(KeyMissing)
  })

  it('of a connection that is disconnected opens nowhere any more, also after another consent', async () => {
    const { connections, connect, process } = await open()
    const { keyId, value } = process().seal('A', words, 'here')
    const reader = process()
    expect(reader.open(keyId, value, 'here')).toHaveProperty('bytes')
    connections.set('A', { envelopePublicKey: null, envelopePrivateKey: null })
    expect(reader.open(keyId, value, 'here')).toEqual({ problem: 'key_erased' })
    connect('A')
    expect(reader.open(keyId, value, 'here')).toEqual({ problem: 'key_erased' })
    const next = process().seal('A', words, 'here')
    expect(reader.open(next.keyId, next.value, 'here')).toHaveProperty('bytes')
  })

  it('is sealed to the pipeline itself where no connection is known, or it has no pair', async () => {
    const { process } = await open()
    for (const connectionId of [null, 'unknown']) {
      const { keyId, value } = process().seal(connectionId, words, 'here')
      expect(keyId).toBe('common/pair/2026-11-23T12')
      expect(process().open(keyId, value, 'here')).toEqual({ bytes: Buffer.from(words) })
    }
  })

  it('waits where the pipeline has no pair yet: nothing is sealed to nothing', async () => {
    const envelopes = new Envelopes({
      keyring: await testKeyring(),
      commonPairs: new CommonPairs(),
      now: () => noon,
      connectionPair: () => undefined,
    })
    expect(() => envelopes.seal(null, words, 'here')).toThrow(DependencyError)
  })

  it('has a key of its own for each hour, process and recipient, and one asymmetric operation for each such key', async () => {
    const { process, later } = await open()
    const seals = mock.method(sodium, 'crypto_box_seal')
    const opens = mock.method(sodium, 'crypto_box_seal_open')
    try {
      const [one, other, reader] = [process(), process(), process()]
      const made = []
      for (let n = 0; n < 1_000; n++)
        for (const by of [one, other])
          for (const id of ['A', 'B', null]) made.push(by.seal(id, `${words} ${n}`, 'here'))
      expect(seals.mock.callCount()).toBe(6)
      for (const { keyId, value } of made) expect(reader.open(keyId, value, 'here')).toHaveProperty('bytes')
      expect(opens.mock.callCount()).toBe(6)
      later(hour)
      const next = one.seal('A', words, 'here')
      expect(seals.mock.callCount()).toBe(7)
      expect(next.keyId).toBe('connection/A/2026-11-23T13')
      expect(reader.open(next.keyId, next.value, 'here')).toHaveProperty('bytes')
    } finally {
      seals.mock.restore()
      opens.mock.restore()
    }
  })

  it('is refused where it is damaged or cut anywhere', async () => {
    const { process } = await open()
    const { keyId, value } = process().seal('A', words, 'here')
    const reader = process()
    for (let at = 0; at < value.length; at += 7) {
      const changed = Buffer.from(value)
      changed[at] = (changed[at] as number) ^ 1
      expect(reader.open(keyId, changed, 'here')).toHaveProperty('problem')
      expect(reader.open(keyId, value.subarray(0, at), 'here')).toEqual({ problem: 'seal_broken' })
    }
  })

  it('opens as before once the keys in memory have been erased and are needed again', async () => {
    const { process } = await open()
    const { keyId, value } = process().seal('A', words, 'here')
    const reader = process()
    reader.open(keyId, value, 'here')
    reader.forget('A')
    expect(reader.open(keyId, value, 'here')).toEqual({ bytes: Buffer.from(words) })
  })
})

describe('the key pairs of the pipeline itself', () => {
  const day = 86_400_000
  const at = (...days: number[]) => {
    const pairs = new CommonPairs()
    for (const [n, created] of days.entries())
      pairs.apply(`envelope-pair/${n}`, {
        revision: 1,
        keyId: 'k',
        sealed: Buffer.from('wrapped'),
        changedAt: noon + created * day,
        publicKey: Buffer.from('public'),
      })
    return pairs
  }

  it.each<[string, number[], number, boolean, string[]]>([
    ['the first at once', [], 0, true, []],
    ['the next after four weeks', [0], 28, true, []],
    ['none before', [0], 27, false, []],
    ['an earlier one is kept while a dead letter may be sealed to it', [0, 28], 56, true, []],
    ['and erased after that', [0, 28], 58, true, ['0']],
    ['the newest is never erased', [0], 1_000, true, []],
  ])('%s', (_name, created, now, create, erase) => {
    expect(at(...created).due(noon + now * day)).toEqual({ create, erase })
  })

  it('are replaced by the newest, and gone once erased', () => {
    const pairs = at(0, 28)
    expect(pairs.newest()?.id).toBe('1')
    pairs.apply('envelope-pair/1', null)
    expect(pairs.newest()?.id).toBe('0')
    expect(pairs.get('1')).toBeUndefined()
  })

  it('are not confused with the data secret', () => {
    const pairs = new CommonPairs()
    pairs.apply('data-secret', { revision: 1, keyId: 'k', sealed: Buffer.from('s'), changedAt: noon, publicKey: null })
    expect(pairs.all()).toEqual([])
  })
})
