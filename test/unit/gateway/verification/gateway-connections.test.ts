import { GatewayConnections } from '../../../../services/gateway/verification/gateway-connections.ts'
import type { Keyring } from '../../../../services/runtime/keys/keyring.ts'
import { connectionRecord, testKeyring } from '../../../support/builders.ts'

const open = async () => {
  const keyring = await testKeyring()
  let unwraps = 0
  const counting: Pick<Keyring, 'unwrap'> = {
    unwrap: (...given) => {
      unwraps++
      return keyring.unwrap(...given)
    },
  }
  const connections = new GatewayConnections(counting)
  const connect = (connectionId: string, secret: string | Buffer | null, fields: object = {}) => {
    const webhookSecret = typeof secret === 'string' ? keyring.wrap(secret, `webhook-secret:${connectionId}`) : secret
    const record = connectionRecord({ connectionId, accountId: connectionId, webhookSecret, ...fields })
    connections.apply(connectionId, record)
    return record
  }
  return { connections, connect, unwraps: () => unwraps }
}

describe("the gateway's connections", () => {
  it('open a secret once, however many deliveries come', async () => {
    const { connections, connect, unwraps } = await open()
    const record = connect('a', 'one')
    for (let n = 0; n < 100; n++) expect(connections.ownSecret(record)).toBe('one')
    expect(unwraps()).toBe(1)
    expect(connections.ownSecret(connect('a', 'two'))).toBe('two')
    expect(connections.ownSecret(connect('a', null))).toBeNull()
  })

  it('know the keys of a source while a connection has them', async () => {
    const { connections, connect } = await open()
    connect('a', 'shared')
    connect('b', 'shared')
    connect('c', 'of line', { source: 'line' })
    const known = () => ['shared', 'of line', 'none'].map((key) => connections.haveOwnKey('whatsapp', key))
    expect(known()).toEqual([true, false, false])
    connect('a', 'next')
    expect(known()).toEqual([true, false, false])
    connect('b', null, { status: 'disconnected' })
    expect(known()).toEqual([false, false, false])
    expect(connections.haveOwnSecrets('whatsapp')).toBe(true)
    connections.apply('a', null)
    expect([connections.haveOwnSecrets('whatsapp'), connections.haveOwnSecrets('line')]).toEqual([false, true])
  })

  it('survive a secret that does not open: no key fits it', async () => {
    const { connections, connect } = await open()
    connect('a', Buffer.from('sealed elsewhere'))
    expect(connections.haveOwnSecrets('whatsapp')).toBe(true)
    expect(connections.haveOwnKey('whatsapp', '')).toBe(false)
    expect(connections.connected('whatsapp', 'a')?.connectionId).toBe('a')
  })

  it('end with the consent', async () => {
    const { connections, connect } = await open()
    connect('a', null)
    expect(connections.connected('whatsapp', 'a')).toBeDefined()
    connect('a', null, { status: 'disconnected', dataKey: null })
    expect(connections.connected('whatsapp', 'a')).toBeUndefined()
  })
})
