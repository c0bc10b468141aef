import { ConfigError } from '../../../../services/runtime/config.ts'
import { followKeyring, readKeyring, sealDataSecret } from '../../../../services/runtime/keys/data-secret.ts'
import {
  type KeyHolder,
  keyHolders,
  keysHeldBy,
  type SecretContext,
  secretKinds,
} from '../../../../services/runtime/keys/key-holders.ts'
import { KeyMissing, Keyring, SealBroken } from '../../../../services/runtime/keys/keyring.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { issueKeysFor } from '../../../../services/tools/keys/issue.ts'
import { topics } from '../../../../services/topology.ts'
import { masterKey } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const settings = { SIGNALS_MASTER_KEY: masterKey, SIGNALS_MASTER_KEY_PREVIOUS: [] }
const other = Buffer.alloc(32, 9).toString('base64')

const open = async () => {
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topics.dataSecrets.name, partitions: 1, config: {} }])
  const tools = { broker, codec: await Codec.open(new MemoryRegistry()) }
  await sealDataSecret(settings, tools, { fresh: true })
  const whole = await readKeyring(settings, tools)
  const issued = await issueKeysFor(keyHolders, settings, tools)
  const keyringOf = (SIGNALS_KEYS: string) => readKeyring({ SIGNALS_KEYS, SIGNALS_MASTER_KEY_PREVIOUS: [] }, tools)
  const running = (holder: KeyHolder, SIGNALS_KEYS: string, keyOption?: string) =>
    followKeyring(
      { SIGNALS_KEYS, SIGNALS_MASTER_KEY_PREVIOUS: [] },
      { ...tools, holder, keyOption, health: { table: () => {}, keys: () => {} }, onError: () => {} },
    )
  return { tools, whole, issued, keyringOf, running }
}

const contextOf = (kind: (typeof secretKinds)[number]): SecretContext =>
  kind === 'data-secret' ? kind : `${kind}:acme-wa`

describe('the keys issued for a process', () => {
  it.each(keyHolders)('of %s open and wrap the kinds of secrets of its work, and no other', async (holder) => {
    const { whole, issued, keyringOf } = await open()
    const own = await keyringOf(issued[holder])
    for (const kind of secretKinds) {
      const context = contextOf(kind)
      const wrapped = whole.wrap(`a ${kind}`, context)
      if (keysHeldBy[holder].kinds.includes(kind)) {
        expect(own.unwrap(wrapped, context).toString()).toBe(`a ${kind}`)
        expect(whole.unwrap(own.wrap('mine', context), context).toString()).toBe('mine')
      } else {
        expect(() => own.unwrap(wrapped, context)).toThrow(KeyMissing)
        expect(() => own.wrap('mine', context)).toThrow(KeyMissing)
      }
    }
  })

  it('never open a secret of another kind', async () => {
    const { whole } = await open()
    for (const kind of secretKinds)
      for (const wrong of secretKinds)
        if (wrong !== kind)
          expect(() => whole.unwrap(whole.wrap('secret', contextOf(kind)), contextOf(wrong))).toThrow(SealBroken)
  })

  it('give the ids of the whole pipeline, where the process needs them', async () => {
    const { whole, issued, keyringOf } = await open()
    const [gateway, ingest, keywords, dispatch] = await Promise.all(
      [issued.gateway, issued.ingest, issued.keywords, issued.dispatch].map(keyringOf),
    )
    for (const keyring of [gateway, ingest, keywords, dispatch])
      expect(keyring?.recordKey('account', '1')).toBe(whole.recordKey('account', '1'))
    expect(ingest?.pseudonym('message', '1')).toBe(whole.pseudonym('message', '1'))
    expect(ingest?.shortHash(8, 'x')).toEqual(whole.shortHash(8, 'x'))
    expect(keywords?.signalId('x')).toBe(whole.signalId('x'))
    // These processes cannot find out whose pseudonym one is, or open what the source keys sealed.
    for (const keyring of [gateway, keywords, dispatch]) {
      expect(() => keyring?.pseudonym('message', '1')).toThrow(KeyMissing)
      expect(() => keyring?.sourceKey('whatsapp')).toThrow(KeyMissing)
    }
    expect(() => gateway?.signalId('x')).toThrow(KeyMissing)
  })

  it('of a gateway give the pseudonym of a conversation only where look-ups were asked for', async () => {
    const { tools, whole, issued, keyringOf, running } = await open()
    const { gateway } = await issueKeysFor(['gateway'], settings, tools, true)
    expect((await keyringOf(gateway)).pseudonym('conversation', '1')).toBe(whole.pseudonym('conversation', '1'))
    await expect(running('gateway', issued.gateway, '--look-up')).rejects.toThrow(
      /lacks pseudonym.*issue gateway --look-up/,
    )
    await (await running('gateway', gateway, '--look-up')).stop()
  })

  it('contain neither the master key nor the data secret', async () => {
    const { issued } = await open()
    for (const value of Object.values(issued))
      expect(Buffer.from(value, 'base64').toString()).not.toContain(masterKey.slice(0, 40))
  })

  it('of another process end this one at its start, with what is missing and the remedy', async () => {
    const { issued, running } = await open()
    const start = running('dispatch', issued.gateway)
    await expect(start).rejects.toThrow(ConfigError)
    await expect(start).rejects.toThrow(
      'SIGNALS_KEYS was issued for gateway and lacks token, signatures of requests: make them with `signals keys issue dispatch`',
    )
    const { keyring, stop } = await running('dispatch', issued.dispatch)
    expect(keyring.activeKeyId).toBe(keyring.masterKeys[0])
    await stop()
  })

  it.each(['', 'nonsense', Buffer.from('{"version":1}').toString('base64')])(
    'are refused where they are malformed: "%s"',
    async (text) => {
      const { keyringOf } = await open()
      await expect(keyringOf(text)).rejects.toThrow(/SIGNALS_KEYS is not what `signals keys issue` prints/)
    },
  )

  it('of another pipeline are refused: they do not know its master key', async () => {
    const { tools, keyringOf } = await open()
    const foreign = new MemoryCluster().open()
    await foreign.createTopics([{ name: topics.dataSecrets.name, partitions: 1, config: {} }])
    const settingsOfOther = { SIGNALS_MASTER_KEY: other, SIGNALS_MASTER_KEY_PREVIOUS: [] }
    const { keywords } = await issueKeysFor(['keywords'], settingsOfOther, { ...tools, broker: foreign })
    await expect(keyringOf(keywords)).rejects.toThrow(/is not configured.*signals keys issue keywords/)
  })

  it('follow a rotation of the master key that they were issued for', async () => {
    const { tools, whole, running } = await open()
    const both = { SIGNALS_MASTER_KEY: other, SIGNALS_MASTER_KEY_PREVIOUS: [masterKey] }
    const { dispatch } = await issueKeysFor(['dispatch'], both, tools)
    const { keyring, stop } = await running('dispatch', dispatch)
    expect(keyring.activeKeyId).toBe(whole.activeKeyId)
    await sealDataSecret(both, tools)
    expect(keyring.activeKeyId).not.toBe(whole.activeKeyId)
    const rotated = await readKeyring(both, tools)
    for (const by of [whole, rotated])
      expect(keyring.unwrap(by.wrap('t', 'token:acme-wa'), 'token:acme-wa').toString()).toBe('t')
    await stop()
  })

  it('do not open the forms of earlier versions, which were sealed under one key for all kinds', async () => {
    const { issued, keyringOf } = await open()
    const token = Buffer.from(
      'U0dXMUsDy6cESUDtri6Id9Aja5eeD55NnNsAOwMchzXOF5ifYI/iqKivYdSrXr4N40fszx9U63wsIzOw9tdOMyUW',
      'base64',
    )
    expect((await Keyring.open(masterKey)).unwrap(token, 'token:acme-wa').toString()).toBe('a-secret-token')
    const dispatch = await keyringOf(issued.dispatch)
    expect(() => dispatch.unwrap(token, 'token:acme-wa')).toThrow(/earlier version.*signals format upgrade/)
  })
})

describe('the data secret in the form of an earlier version', () => {
  it('moves to the present form without a change of any id, and keeps its master key', async () => {
    const broker = new MemoryCluster().open()
    await broker.createTopics([{ name: topics.dataSecrets.name, partitions: 1, config: {} }])
    const codec = await Codec.open(new MemoryRegistry())
    const sealed = Buffer.from(
      'U0dXMUsDy6cESUDtm4Kb2SjiD+H72KCqhZQzh5r5bH9p/dpF9vzwuasgTUwEJ97VvAx0TM3Fb9BF9iF5qOHlthGFZD9VjoJLBDhn6dsZtEoJdvTf',
      'base64',
    )
    const value = codec.encode('dataSecrets', {
      ...{ revision: 1, keyId: '4b03cba7044940ed', sealed, changedAt: 1, publicKey: null, signedUpTo: null },
    })
    const producer = await broker.producer()
    await producer.send([{ topic: topics.dataSecrets.name, key: 'data-secret', value }])
    const tools = { broker, codec }
    const before = await readKeyring(settings, tools)
    const both = { SIGNALS_MASTER_KEY: other, SIGNALS_MASTER_KEY_PREVIOUS: [masterKey] }
    await sealDataSecret(both, tools, { sameKey: true })
    const { ingest } = await issueKeysFor(['ingest'], both, tools)
    const after = await readKeyring({ SIGNALS_KEYS: ingest, SIGNALS_MASTER_KEY_PREVIOUS: [] }, tools)
    expect(after.pseudonym('message', '1')).toBe(before.pseudonym('message', '1'))
    expect(after.activeKeyId).toBe('4b03cba7044940ed')
  })
})
