import type { CallRequest } from '../../../services/dispatch/destinations/destination.ts'
import { openDestination } from '../../../services/dispatch/wiring.ts'
import { openDispatch, some, times } from '../../support/dispatch-world.ts'

describe('dispatch as it is wired', () => {
  it('posts what the destination encodes, with the connection’s token, and judges the answer', async () => {
    const requests: CallRequest[] = []
    const world = openDispatch({
      post: async (request) => {
        requests.push(request)
        return { kind: 'answered', status: 200, body: '{"code":0,"request_id":"r"}' }
      },
    })
    world.connect('a')
    expect((await world.run(some('a', 2))).words).toEqual(times(2, 'accepted'))
    expect(requests.map(({ headers }) => headers)).toEqual([
      { 'content-type': 'application/json', 'Access-Token': 'token-a' },
    ])
    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({
      event_source: 'message',
      event_source_id: 'set-a',
      data: some('a', 2).map(({ signalId }) => ({ event_id: signalId })),
    })
  })

  it.each(['http://127.0.0.1:1', 'http://127.0.0.1:1/'])('calls TikTok’s address below %s', (url) => {
    const { destination } = openDestination({ TIKTOK_BASE_URL: url })
    expect(destination.url).toBe('http://127.0.0.1:1/open_api/v1.3/event/track/')
    expect(destination).toMatchObject({ name: 'tiktok', keyPrefix: '', limits: { eventsPerCall: 1_000 } })
  })
})

describe('the metric label of an answer', () => {
  const { destination } = openDestination({ TIKTOK_BASE_URL: 'http://localhost' })
  it.each([
    ['a code of the table', '{"code":40105}', '40105'],
    ['a code of a family', '{"code":51010}', 'other'],
    ['an unknown code', '{"code":47111}', 'other'],
    ['no code', '{}', 'no_code'],
  ])('is bounded: %s', (_name, body, label) =>
    expect(destination.labelOf(destination.judge({ kind: 'answered', status: 200, body }))).toBe(label),
  )
})
