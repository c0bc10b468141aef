import { type SentTestEvent, sendTestEvent } from '../../../../services/tools/test-events/test-event.ts'
import { connectionRecord, noon, testKeyring } from '../../../support/builders.ts'
import { simulatedTrack } from '../../../support/simulated-track.ts'

const open = async (fields: Parameters<typeof connectionRecord>[0] = {}) => {
  const tiktok = simulatedTrack(() => noon)
  const keyring = await testKeyring()
  const accessToken = keyring.wrap('a-secret-token', 'token:c')
  const connection = connectionRecord({ connectionId: 'c', eventSetId: '9000', accessToken, ...fields })
  const tools = { keyring, clock: { now: () => noon }, post: tiktok.post }
  const send = (code: string | null, destination: object = {}): Promise<SentTestEvent> =>
    sendTestEvent(connection, code, { ...tools, destination: { TIKTOK_BASE_URL: 'http://127.0.0.1', ...destination } })
  return { tiktok, send }
}

describe('a test event', () => {
  it('is shown as a test by the destination, which counts none, and has an id of its own each time', async () => {
    const { tiktok, send } = await open({ testEventCode: 'OWN' })
    const [first, second] = [await send('TEST1'), await send(null)]
    expect(first).toMatchObject({ connectionId: 'c', eventSetId: '9000', verdict: 'accepted', code: 0, sentAt: noon })
    expect([first.testEventCode, second.testEventCode]).toEqual(['TEST1', 'OWN'])
    expect(first.eventId).not.toBe(second.eventId)
    const events = tiktok.store.events(0, 10)
    expect(events.map(({ testEventCode, event }) => [testEventCode, event.event_id])).toEqual([
      ['TEST1', first.eventId],
      ['OWN', second.eventId],
    ])
    expect(tiktok.store.stats()).toMatchObject({ events: 0, tests: 2, byEvent: {} })
  })

  it('says what TikTok answers, and nothing of the token', async () => {
    const { tiktok, send } = await open()
    tiktok.fault({ code: 40105 })
    const sent = await send('TEST1')
    expect(sent).toMatchObject({ verdict: 'token', code: 40105 })
    expect(JSON.stringify(sent)).not.toContain('a-secret-token')
  })

  it.each([
    ['without any code', {}, null, {}, /no test code is known for c: .*event set 9000/],
    ['of a disconnected connection', { status: 'disconnected', accessToken: null } as const, 'T', {}, /add it again/],
    ['of a sandbox', { sandbox: true }, 'T', {}, /sandbox/],
    ['with the token of another master key', { accessToken: Buffer.alloc(64) }, 'T', {}, /another master key/],
    [
      'without a wire profile for a real host',
      {},
      'T',
      { TIKTOK_BASE_URL: 'https://tiktok.invalid' },
      /TIKTOK_WIRE_PROFILE is not set/,
    ],
  ])('is not sent %s, with the remedy', async (_what, fields, code, destination, problem) => {
    const { tiktok, send } = await open(fields)
    await expect(send(code, destination)).rejects.toThrow(problem)
    expect(tiktok.store.stats()).toMatchObject({ calls: 0, tests: 0 })
  })
})
