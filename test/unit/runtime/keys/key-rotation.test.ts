import { ConfigError } from '../../../../services/runtime/config.ts'
import { followKeyring, readKeyring, sealDataSecret } from '../../../../services/runtime/keys/data-secret.ts'
import { Keyring, MasterKeyUnknown, SealBroken } from '../../../../services/runtime/keys/keyring.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { connectionSecretsOf, rewrapped } from '../../../../services/shared/connections/tokens/rewrap.ts'
import { topics } from '../../../../services/topology.ts'
import { connectionRecord, masterKey as old } from '../../../support/builders.ts'
import { eventually } from '../../../support/eventually.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const next = Buffer.alloc(32, 9).toString('base64')
const settings = (current: string, ...previous: string[]) => ({
  SIGNALS_MASTER_KEY: current,
  SIGNALS_MASTER_KEY_PREVIOUS: previous,
})
const names = (keyring: Keyring) => [
  keyring.pseudonym('message', 'whatsapp', '1', 'm'),
  keyring.signalId('acme', 'c', 'm', 'keyword'),
  keyring.shortHash(8, 'event', 'm').toString('hex'),
  keyring.sourceKey('whatsapp').seal('a body', 'whatsapp').toString('hex'),
]

/** As an earlier version wrapped `a-secret-token`, without an id of its master key. */
const unnamedToken = 'ri6Id9Aja5eeD55NnNsAOwMchzXOF5ifYI/iqKivYdSrXr4N40fszx9U63wsIzOw9tdOMyUW'

const open = async () => {
  const broker = new MemoryCluster().open()
  await broker.createTopics([{ name: topics.dataSecrets.name, partitions: 1, config: {} }])
  return { broker, codec: await Codec.open(new MemoryRegistry()) }
}
const connection = (keyring: Keyring) =>
  connectionRecord({
    accessToken: keyring.wrap('token', 'token:acme-wa'),
    webhookSecret: keyring.wrap('hush', 'webhook-secret:acme-wa'),
    dataKey: keyring.newDataKey('acme-wa'),
    account: {
      openId: 'o',
      accessToken: keyring.wrap('a', 'account-token:acme-wa'),
      refreshToken: keyring.wrap('r', 'refresh-token:acme-wa'),
      previousRefreshToken: null,
      expiresAt: 0,
      refreshExpiresAt: 0,
      scopes: [],
    },
  })

describe.each([
  ['a new installation', true],
  ['an installation whose ids derive from its master key', false],
])('replacing the master key of %s', (_name, fresh) => {
  it('changes no id, no hash and no key of raw bodies; texts open; secrets change keys', async () => {
    const tools = await open()
    await sealDataSecret(settings(old), tools, { fresh, onlyIfMissing: true })
    const before = await readKeyring(settings(old), tools)
    const ids = names(before)
    if (!fresh) expect(ids).toEqual(names(await Keyring.open(old)))
    const record = connection(before)
    const text = before.connectionKey('acme-wa', record.dataKey as Buffer).seal('hola', 'm')

    // Both keys are configured, and the old one is still active.
    const both = await readKeyring(settings(next, old), tools)
    expect(both.activeKeyId).toBe(before.activeKeyId)
    expect(names(both)).toEqual(ids)

    await sealDataSecret(settings(next, old), tools)
    const after = await readKeyring(settings(next, old), tools)
    const moved = rewrapped(record, after)
    const alone = await readKeyring(settings(next), tools)
    expect(names(alone)).toEqual(ids)
    expect(alone.unwrap(moved.accessToken as Buffer, 'token:acme-wa').toString()).toBe('token')
    expect(
      alone
        .connectionKey('acme-wa', moved.dataKey as Buffer)
        .open(text, 'm')
        .toString(),
    ).toBe('hola')
    expect(rewrapped(moved, after)).toBe(moved)
    expect(moved.changedAt).toBe(record.changedAt)

    // The old key opens neither the installation nor any secret of it.
    await expect(readKeyring(settings(old), tools)).rejects.toThrow(ConfigError)
    await expect(readKeyring(settings(old), tools)).rejects.toThrow(/SIGNALS_MASTER_KEY_PREVIOUS/)
    const thief = await Keyring.open(old)
    expect(connectionSecretsOf(moved)).toHaveLength(6)
    for (const secret of connectionSecretsOf(moved))
      expect(() => thief.unwrap(secret, 'token:acme-wa')).toThrow(MasterKeyUnknown)
    if (fresh) expect(names(thief)).not.toEqual(ids)
  })

  it('is followed by a process that runs, which seals under the new key from then on', async () => {
    const tools = await open()
    await sealDataSecret(settings(old), tools, { fresh, onlyIfMissing: true })
    const errors: Error[] = []
    const running = (current: string, ...previous: string[]) =>
      followKeyring(settings(current, ...previous), {
        ...tools,
        holder: 'dispatch' as const,
        health: { table: () => {}, keys: () => {} },
        onError: (error) => errors.push(error),
      })
    const { keyring, stop } = await running(next, old)
    const unprepared = await running(old)
    const ids = names(keyring)
    await sealDataSecret(settings(next, old), tools)
    await eventually('the new key is active', async () => keyring.activeKeyId === keyring.masterKeys[0])
    expect(names(keyring)).toEqual(ids)
    expect(keyring.keyIdOf(keyring.wrap('t', 'token:c'))).toBe(keyring.masterKeys[0])
    // A process without the new key ends before it reads a secret that it cannot open.
    expect(errors).toEqual([expect.any(ConfigError)])
    await Promise.all([stop(), unprepared.stop()])
  })
})

describe('wrapped secrets', () => {
  it('from before there were key ids open under any key at hand', async () => {
    const keyring = await Keyring.open(next, { previous: [old] })
    const unnamed = Buffer.from(unnamedToken, 'base64')
    expect(keyring.keyIdOf(unnamed)).toBeNull()
    expect(keyring.unwrap(unnamed, 'token:acme-wa').toString()).toBe('a-secret-token')
    const other = await Keyring.open(next)
    expect(() => other.unwrap(unnamed, 'token:acme-wa')).toThrow(SealBroken)
  })

  it('are sealed under the first key of an installation that has no data secret of its own', async () => {
    const before = await Keyring.open(old)
    const both = await Keyring.open(next, { previous: [old] })
    expect(both.activeKeyId).toBe(before.activeKeyId)
    expect(names(both)).toEqual(names(before))
  })
})

describe('the data secret', () => {
  it('is made once: of two that are made at once, the first counts for both', async () => {
    const tools = await open()
    const made = await Promise.all(
      [1, 2].map(() => sealDataSecret(settings(old), tools, { fresh: true, onlyIfMissing: true })),
    )
    const keyrings = await Promise.all(made.map((dataSecret) => Keyring.open(old, { dataSecret })))
    expect(names(keyrings[0] as Keyring)).toEqual(names(keyrings[1] as Keyring))
    expect(names(await readKeyring(settings(old), tools))).toEqual(names(keyrings[0] as Keyring))
  })

  it('is never changed under a process that runs', async () => {
    const keyring = await Keyring.open(old)
    expect(() => keyring.adopt(keyring.sealDataSecret(true))).toThrow(/has changed/)
  })
})
