import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeChannelEvent,
  encodeChannelEvent,
  messageEventSource,
  openChannelEvent,
  sealedUnder,
  verificationOf,
} from '../../../../services/shared/model/channel-event.ts'
import { connectionOfKeyId, parseKeyId } from '../../../../services/shared/model/key-ids.ts'
import { noon, testEnvelopes, testKeyring } from '../../../support/builders.ts'

const delivery = {
  ...{ source: 'whatsapp', account: '42', contentType: 'application/json', receivedAt: noon, traceparent: undefined },
  storedHeaders: { 'x-shop': 's', source: 'forged' },
}

const encoded = async () => {
  const envelopes = testEnvelopes(await testKeyring())
  return { envelopes, record: encodeChannelEvent(delivery, 'key', 'body', null, envelopes) }
}

describe('a record of channel-events.v1', () => {
  it('decodes to what was encoded, and opens', async () => {
    const { envelopes, record } = await encoded()
    expect(decodeChannelEvent(record)).toEqual({ source: 'whatsapp', account: '42', contentType: 'application/json' })
    expect(openChannelEvent(record, envelopes)).toEqual({ body: Buffer.from('body') })
  })

  it('keeps stored request headers, none of which replaces a header of the format', async () => {
    const { record } = await encoded()
    expect(record.headers).toEqual({
      'x-shop': 's',
      source: 'whatsapp',
      account: '42',
      'received-at': String(noon),
      'content-type': 'application/json',
      sealed: 'common/pair/2026-11-23T12',
    })
  })

  it.each([
    ['source', { source: 'messenger' }],
    ['account', { account: '43' }],
    ['key', { sealed: 'common/pair/2026-11-23T13' }],
  ])('opens no more beside another %s', async (_name, changed) => {
    const { envelopes, record } = await encoded()
    const { value, headers } = record
    expect(openChannelEvent({ value, headers: { ...headers, ...changed } }, envelopes)).toMatchObject({
      problem: 'seal_broken',
    })
  })

  it('of an earlier version opens under the key of its source', async () => {
    const keyring = await testKeyring()
    const value = Buffer.from(
      'uqU9Fx4ABclA5ZUqmMNtKbM02zV8fb5TRk0cYboSjTXdd0FnPUkqAYXtEXbQYfw9ezxtqOGwMiesRoI2z8W/SaNTLnMx',
      'base64',
    )
    const headers = { source: 'whatsapp', sealed: 'source/whatsapp' }
    expect(openChannelEvent({ value, headers }, testEnvelopes(keyring))).toEqual({
      body: Buffer.from('ya hice el pago, me llamo Ana'),
    })
  })

  it('carries what was proven, which no stored request header can claim', async () => {
    const keyring = await testKeyring()
    const forged = { 'verified-by': 'source', 'verified-account': 'victim', account: 'victim', sealed: 'x' }
    const unnamed = { ...delivery, account: null, storedHeaders: { ...forged, 'x-shop': 's' } }
    const { headers } = encodeChannelEvent(
      { ...unnamed, verifiedBy: 'connection:a' },
      null,
      'body',
      null,
      testEnvelopes(keyring),
    )
    expect(headers).toMatchObject({ 'x-shop': 's', 'verified-by': 'connection:a', sealed: 'common/pair/2026-11-23T12' })
    expect(headers).not.toHaveProperty('verified-account')
    expect(headers).not.toHaveProperty('account')
    const named = encodeChannelEvent(
      { ...unnamed, verifiedBy: 'source', verifiedAccount: 'a' },
      null,
      'body',
      null,
      testEnvelopes(keyring),
    )
    expect(verificationOf(named)).toEqual({ by: 'source', account: 'a', isSpread: false })
    expect(verificationOf(encodeChannelEvent(unnamed, null, 'body', null, testEnvelopes(keyring)))).toEqual({
      isSpread: false,
    })
  })

  it("is an unsealed message event where it has none of the format's headers", async () => {
    const record = { headers: {}, value: Buffer.from('{}') }
    expect(decodeChannelEvent(record)).toEqual({ source: messageEventSource, account: null, contentType: null })
    expect(sealedUnder(record)).toBeUndefined()
    expect(openChannelEvent(record, testEnvelopes(await testKeyring()))).toEqual({ body: record.value })
  })

  it.each([
    ['no_value', 'source/whatsapp', null],
    ['key_id_invalid', 'source/../x', Buffer.from('x')],
    ['seal_broken', 'source/whatsapp', Buffer.from('x')],
    ['seal_broken', 'connection/acme-wa/2026-11-23T12', Buffer.from('x')],
  ] as const)('that does not open says why: %s', async (problem, sealed, value) => {
    const envelopes = testEnvelopes(await testKeyring())
    expect(openChannelEvent({ headers: { sealed }, value }, envelopes)).toEqual({ problem, keyId: sealed })
  })

  it.each([
    ['source/whatsapp', { kind: 'source', id: 'whatsapp' }],
    ['source/dead-letters', { kind: 'source', id: 'dead-letters' }],
    ['source/Whatsapp', null],
    ['source/', null],
    [`source/${'a'.repeat(33)}`, null],
    ['x source/whatsapp', null],
    ['connection/acme:wa.1/2026-11-23T12', { kind: 'connection', id: 'acme:wa.1' }],
    ['connection/acme/wa/2026-11-23T12', null],
    ['connection/acme-wa', null],
    ['common/20261123-1a2b3c4d/2026-11-23T12', { kind: 'common', id: '20261123-1a2b3c4d' }],
  ])('names its key: %s is %j', (keyId, expected) => {
    expect(parseKeyId(keyId)).toEqual(expected)
    expect(connectionOfKeyId(keyId)).toBe(expected?.kind === 'connection' ? expected.id : undefined)
  })

  it('has its header names and key ids in one place', () => {
    const services = join(import.meta.dirname, '../../../../services')
    const files = readdirSync(services, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const own = files.filter((file) =>
      /['"`]received-at['"`]|headers\.(sealed|source|account)\b|`source\/\$\{|\^source\\?\//.test(
        readFileSync(join(services, file), 'utf8'),
      ),
    )
    expect(own.sort()).toEqual(['shared/model/channel-event.ts', 'shared/model/key-ids.ts'])
  })
})
