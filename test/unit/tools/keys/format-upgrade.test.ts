import { readKeyring } from '../../../../services/runtime/keys/data-secret.ts'
import type { KeySettings } from '../../../../services/runtime/keys/key-settings.ts'
import { Keyring, SealBroken } from '../../../../services/runtime/keys/keyring.ts'
import { wrappingFormOf } from '../../../../services/runtime/keys/wrapping.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { readWhole } from '../../../../services/runtime/topics/read-topic.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { connectionSecretsOf } from '../../../../services/shared/connections/tokens/rewrap.ts'
import { issueKeysFor } from '../../../../services/tools/keys/issue.ts'
import { makeSecrets } from '../../../../services/tools/keys/prepare.ts'
import { EarlierForm, rotateKeys, upgradeFormat } from '../../../../services/tools/keys/rotate.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord, masterKey, noon } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

/** Written by version 0.1.0 under the master key of the tests: the data secret, and `a-secret-token` of the connection acme-wa. */
const earlier = {
  keyId: '4b03cba7044940ed',
  dataSecret: Buffer.from(
    'U0dXMUsDy6cESUDtm4Kb2SjiD+H72KCqhZQzh5r5bH9p/dpF9vzwuasgTUwEJ97VvAx0TM3Fb9BF9iF5qOHlthGFZD9VjoJLBDhn6dsZtEoJdvTf',
    'base64',
  ),
  token: Buffer.from(
    'U0dXMUsDy6cESUDtri6Id9Aja5eeD55NnNsAOwMchzXOF5ifYI/iqKivYdSrXr4N40fszx9U63wsIzOw9tdOMyUW',
    'base64',
  ),
}
const author = { via: 'cli', actor: 'ana' } as const
const settings: KeySettings = { SIGNALS_MASTER_KEY: masterKey, SIGNALS_MASTER_KEY_PREVIOUS: [] }

/** A cluster as version 0.1.0 leaves it. */
const open = async () => {
  const broker = new MemoryCluster().open()
  const codec = await Codec.open(new MemoryRegistry())
  const names = [topics.dataSecrets, topics.connections, topics.connectionHistory, topics.keywordLists]
  const all = [...names, topics.ruleSets, topics.tokens, topics.suppressions]
  await broker.createTopics(all.map(({ name }) => ({ name, partitions: 1, config: {} })))
  const producer = await broker.producer()
  const dataSecret = {
    ...{ revision: 1, keyId: earlier.keyId, sealed: earlier.dataSecret, changedAt: noon },
    ...{ publicKey: null, signedUpTo: null },
  }
  const before = await Keyring.open(masterKey, { dataSecret: { keyId: earlier.keyId, sealed: earlier.dataSecret } })
  const connection = connectionRecord({
    accessToken: earlier.token,
    dataKey: before.newDataKey('acme-wa'),
    envelopePublicKey: null,
    envelopePrivateKey: null,
  })
  await producer.send([
    { topic: topics.dataSecrets.name, key: 'data-secret', value: codec.encode('dataSecrets', dataSecret) },
    { topic: topics.connections.name, key: 'acme-wa', value: codec.encode('connections', connection) },
  ])
  const tools = { broker, codec, clock: new FakeClock(noon) }
  const connectionNow = async () => {
    const directory = new ConnectionDirectory()
    await readWhole(broker, topics.connections.name, async (record) => {
      directory.apply(record.key as string, record.value && codec.decode('connections', record))
    })
    return directory.byId('acme-wa')
  }
  return { tools, before, connectionNow }
}

describe('secrets in the form of version 0.1.0', () => {
  it('are read, and new ones are written as that version reads them: byte for byte', async () => {
    const { tools, before } = await open()
    const keyring = await readKeyring(settings, tools)
    expect(keyring.form).toBe('earlier')
    expect(keyring.unwrap(earlier.token, 'token:acme-wa').toString()).toBe('a-secret-token')
    expect(keyring.wrap('a-secret-token', 'token:acme-wa')).toEqual(earlier.token)
    expect(keyring.isWrappedNow(earlier.token)).toBe(true)
    expect(keyring.pseudonym('message', 'm')).toBe(before.pseudonym('message', 'm'))
  })

  it('stay as they are when topics are applied, so that running processes of that version go on', async () => {
    const { tools, connectionNow } = await open()
    await makeSecrets(settings, tools, false)
    const keyring = await readKeyring(settings, tools)
    expect(keyring.form).toBe('earlier')
    expect((await connectionNow())?.accessToken).toEqual(earlier.token)
  })

  it('cannot be rotated, and no keys are issued for them: only the master key opens them', async () => {
    const { tools } = await open()
    await expect(rotateKeys(settings, tools, author)).rejects.toThrow(EarlierForm)
    await expect(issueKeysFor(['dispatch'], settings, tools)).rejects.toThrow(/signals format upgrade/)
  })

  it('get the form of this version by an upgrade, which changes no id and may be repeated', async () => {
    const { tools, before, connectionNow } = await open()
    await makeSecrets(settings, tools, false)
    expect(await upgradeFormat(settings, tools, author)).toMatchObject({ rewrapped: 1, unreadable: [] })
    const keyring = await readKeyring(settings, tools)
    expect([keyring.form, keyring.activeKeyId]).toEqual(['present', earlier.keyId])
    expect(keyring.signalId('a')).toBe(before.signalId('a'))
    const connection = await connectionNow()
    const secrets = connection ? connectionSecretsOf(connection) : []
    expect(new Set(secrets.map(wrappingFormOf))).toEqual(new Set(['present']))
    expect(keyring.unwrap(connection?.accessToken as Buffer, 'token:acme-wa').toString()).toBe('a-secret-token')
    // Each kind has a key of its own, and a context that is checked.
    expect(() => keyring.unwrap(connection?.accessToken as Buffer, 'token:other')).toThrow(SealBroken)
    expect(await upgradeFormat(settings, tools, author)).toMatchObject({ rewrapped: 0 })
    expect(Object.keys(await issueKeysFor(['dispatch'], settings, tools))).toEqual(['dispatch'])
  })

  it('change their form in a process that runs, which wraps in the new one from then on', async () => {
    const { before } = await open()
    before.adopt(before.sealDataSecret(false, earlier.keyId))
    expect(before.form).toBe('present')
    expect(wrappingFormOf(before.wrap('t', 'token:acme-wa'))).toBe('present')
  })
})
