import type { Answer } from '../../../../services/dispatch/destinations/destination.ts'
import { judge } from '../../../../services/dispatch/destinations/tiktok/judge.ts'

const answered = (status: number, body: unknown): Answer => ({
  kind: 'answered',
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const tiktok = (code: unknown, rest = {}) => answered(200, { code, message: 'OK', request_id: 'r1', data: {}, ...rest })

describe('judging an answer', () => {
  it.each<[string, Answer, string, number | null, string]>([
    ['success', tiktok(0), 'accepted', 0, 'accepted'],
    ['a duplicate', tiktok(40050), 'duplicate', 40050, 'duplicate'],
    ['a refusal in HTTP 200', tiktok(40002), 'bad_event', 40002, 'bad_event'],
    ['a code with another HTTP status', answered(401, { code: 40105 }), 'token', 40105, 'token'],
    ['an unknown code', tiktok(47111), 'unknown', 47111, 'unknown'],
    ['HTTP 503 with a page', answered(503, '<html></html>'), 'service', null, 'http_5xx'],
    ['HTTP 502 with what looks like success', answered(502, { code: 0 }), 'service', null, 'http_5xx'],
    ['a page in HTTP 200', answered(200, '<html></html>'), 'service', null, 'no_json'],
    ['an empty body', answered(200, ''), 'service', null, 'no_json'],
    ['a cut body', answered(200, '{"code": 0, "mess'), 'service', null, 'no_json'],
    ['JSON that is no object', answered(200, '[0]'), 'service', null, 'no_code'],
    ['JSON null', answered(200, 'null'), 'service', null, 'no_json'],
    ['no code', answered(200, {}), 'service', null, 'no_code'],
    ['a code that is no number', tiktok('0'), 'service', null, 'no_code'],
    ['a status that means success elsewhere', answered(200, { status: 'OK' }), 'service', null, 'no_code'],
    ['HTTP 429 without a code', answered(429, 'slow down'), 'throttled', null, 'http_429'],
    ['a redirect', answered(302, ''), 'service', null, 'no_json'],
    ['a time-out', { kind: 'failed', reason: 'timeout' }, 'service', null, 'timeout'],
    ['a reset', { kind: 'failed', reason: 'reset' }, 'service', null, 'reset'],
    ['no server', { kind: 'failed', reason: 'unreachable' }, 'service', null, 'unreachable'],
  ])('takes %s as it is', (_name, answer, verdict, code, reason) => {
    expect(judge(answer)).toMatchObject({ verdict, code, reason })
  })

  it('keeps the request id for the record', () => expect(judge(tiktok(0)).requestId).toBe('r1'))

  it.each([
    ['Batch.3.properties.contents: Not a valid string', [3]],
    ['Batch.0.event_time: x; Batch.12.event: y; Batch.0.user: z', [0, 12]],
    ['Invalid value for event_id', []],
  ])('reads the culprits from %p', (message, hints) => {
    expect(judge(tiktok(40002, { message })).hints).toEqual(hints)
  })

  it.each([
    ['the app, by its code', tiktok(40100), 'app'],
    ['the advertiser, by its code', tiktok(40133), 'advertiser'],
    ['the app, by HTTP 429', answered(429, 'slow down'), 'app'],
    ['none, when it is not throttled', tiktok(0), undefined],
  ])('names whose limit is met: %s', (_name, answer, limit) => expect(judge(answer).limit).toBe(limit))

  it('reads culprits only where an event is at fault', () => {
    expect(judge(tiktok(40100, { message: 'Batch.3' })).hints).toEqual([])
  })
})
