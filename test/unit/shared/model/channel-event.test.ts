import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  decodeChannelEvent,
  encodeChannelEvent,
  isSealed,
  messageEventSource,
  openChannelEvent,
  sourceOfKeyId,
  verificationOf,
} from '../../../../services/shared/model/channel-event.ts'
import { noon, testKeyring } from '../../../support/builders.ts'

const delivery = {
  ...{ source: 'whatsapp', account: '42', contentType: 'application/json', receivedAt: noon, traceparent: undefined },
  storedHeaders: { 'x-shop': 's', source: 'forged' },
}

describe('a record of channel-events.v1', () => {
  it('decodes to what was encoded, and opens under the key of its source', async () => {
    const keyring = await testKeyring()
    const record = encodeChannelEvent(delivery, 'key', 'body', keyring)
    expect(decodeChannelEvent(record)).toEqual({ source: 'whatsapp', account: '42', contentType: 'application/json' })
    expect([isSealed(record), openChannelEvent(record, keyring)]).toEqual([true, { body: Buffer.from('body') }])
  })

  it('keeps stored request headers, none of which replaces a header of the format', async () => {
    const { headers } = encodeChannelEvent(delivery, null, 'body', await testKeyring())
    expect(headers).toEqual({
      'x-shop': 's',
      source: 'whatsapp',
      account: '42',
      'received-at': String(noon),
      'content-type': 'application/json',
      sealed: 'source/whatsapp',
    })
  })

  it('carries what was proven, which no stored request header can claim', async () => {
    const keyring = await testKeyring()
    const forged = { 'verified-by': 'source', 'verified-account': 'victim', account: 'victim', sealed: 'x' }
    const unnamed = { ...delivery, account: null, storedHeaders: { ...forged, 'x-shop': 's' } }
    const { headers } = encodeChannelEvent({ ...unnamed, verifiedBy: 'connection:a' }, null, 'body', keyring)
    expect(headers).toMatchObject({ 'x-shop': 's', 'verified-by': 'connection:a', sealed: 'source/whatsapp' })
    expect(headers).not.toHaveProperty('verified-account')
    expect(headers).not.toHaveProperty('account')
    const named = encodeChannelEvent({ ...unnamed, verifiedBy: 'source', verifiedAccount: 'a' }, null, 'body', keyring)
    expect(verificationOf(named)).toEqual({ by: 'source', account: 'a' })
    expect(verificationOf(encodeChannelEvent(unnamed, null, 'body', keyring))).toEqual({})
  })

  it("is an unsealed message event where it has none of the format's headers", async () => {
    const record = { headers: {}, value: Buffer.from('{}') }
    expect(decodeChannelEvent(record)).toEqual({ source: messageEventSource, account: null, contentType: null })
    expect([isSealed(record), openChannelEvent(record, await testKeyring())]).toEqual([false, { body: record.value }])
  })

  it.each([
    ['no_value', 'source/whatsapp', null],
    ['key_id_invalid', 'source/../x', Buffer.from('x')],
    ['seal_broken', 'source/whatsapp', Buffer.from('x')],
  ] as const)('that does not open says why: %s', async (problem, sealed, value) => {
    expect(openChannelEvent({ headers: { sealed }, value }, await testKeyring())).toEqual({ problem, keyId: sealed })
  })

  it.each([
    ['source/whatsapp', 'whatsapp'],
    ['source/dead-letters', 'dead-letters'],
    ['source/Whatsapp', undefined],
    ['source/', undefined],
    [`source/${'a'.repeat(33)}`, undefined],
    ['x source/whatsapp', undefined],
  ])('names its key by a source: %s is %s', (keyId, source) => expect(sourceOfKeyId(keyId)).toBe(source))

  it('has its header names and key ids in one file', () => {
    const services = join(import.meta.dirname, '../../../../services')
    const files = readdirSync(services, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const own = files.filter((file) =>
      /['"`]received-at['"`]|headers\.(sealed|source|account)\b|`source\/\$\{|\^source\\?\//.test(
        readFileSync(join(services, file), 'utf8'),
      ),
    )
    expect(own).toEqual(['shared/model/channel-event.ts'])
  })
})
