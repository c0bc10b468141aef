import { eventRecord, parseEvents, requireToken } from '../../../services/gateway/message-events.ts'
import { openChannelEvent } from '../../../services/shared/model/channel-event.ts'
import { messageEvent, noon, testEnvelopes, testKeyring } from '../../support/builders.ts'
import { statusOf } from '../../support/http-status.ts'

describe('message events', () => {
  it.each<[string, string | undefined, string | undefined, number]>([
    ['the token', 'Bearer right', 'right', 200],
    ['another token', 'Bearer wrong', 'right', 401],
    ['none', undefined, 'right', 401],
    ['one where none is set', 'Bearer right', undefined, 401],
  ])('with %s', (_name, given, token, expected) => expect(statusOf(() => requireToken(given, token))).toBe(expected))

  it('are stored all or none, with a result for each', () => {
    const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
    expect(parseEvents(bytes(messageEvent()))).toMatchObject({ valid: true, results: [{ status: 'stored' }] })
    const mixed = parseEvents(bytes([messageEvent(), { ...messageEvent(), occurredAt: 5 }]))
    expect(mixed.valid).toBe(false)
    expect(mixed.results).toEqual([
      { status: 'not_stored' },
      { status: 'invalid', problems: [{ field: 'occurredAt', problem: expect.stringContaining('milliseconds') }] },
    ])
    for (const body of ['[]', '{', '"x']) expect(statusOf(() => parseEvents(Buffer.from(body)))).toBe(400)
  })

  it('are sealed, under a record key without personal data', async () => {
    const keyring = await testKeyring()
    const envelopes = testEnvelopes(keyring)
    const record = eventRecord(messageEvent(), noon, undefined, keyring, null, envelopes)
    expect(record.key).toMatch(/^[0-9a-f]{32}$/)
    expect(record.value?.toString('latin1')).not.toContain('pagar')
    const opened = openChannelEvent({ value: record.value, headers: record.headers ?? {} }, envelopes) as {
      body: Buffer
    }
    expect(JSON.parse(opened.body.toString())).toEqual(messageEvent())
  })
})
