/** Every fault between dispatch and TikTok, and failures in the middle of several calls. */

import type { Fault } from '../../services/local/simulator/faults.ts'
import { openHttp } from '../../services/runtime/adapters/http.ts'
import { numbered, openDispatch, times } from '../support/dispatch-world.ts'
import { ample, idOf, open, play, type Script, serveTikTok, short, sick, size, well } from '../support/tiktok-script.ts'

serveTikTok()

describe('every fault between dispatch and TikTok', () => {
  const waits = (reason: string): Script => ({
    words: times(size, `deferred 10s ${reason}`),
    sizes: [8],
    taken: 0,
    afterwards: 'accepted',
  })

  it.each<[string, Partial<Fault>, string]>([
    ['HTTP 500', { status: 500 }, 'http_5xx'],
    ['HTTP 502 with a body that says 0', { status: 502, body: '{"code":0,"message":"OK"}' }, 'http_5xx'],
    ['HTTP 503 with a code', { status: 503, code: 40002 }, 'http_5xx'],
    ['HTTP 429', { status: 429 }, 'http_429'],
    ['HTTP 404', { status: 404 }, 'no_json'],
    ['HTTP 403 with a page', { status: 403, html: true }, 'no_json'],
    ['a page in HTTP 200', { html: true }, 'no_json'],
    ['an empty body', { body: '' }, 'no_json'],
    ['a cut body', { body: '{"code": 0, "mess' }, 'no_json'],
    ['JSON that is no object', { body: '[0]' }, 'no_code'],
    ['JSON without a code', { body: '{"status":"OK"}' }, 'no_code'],
    ['a code that is a string', { body: '{"code":"0","message":"OK"}' }, 'no_code'],
    ['a code that is no whole number', { body: '{"code":0.5}' }, 'no_code'],
    ['an answer of two mebibytes', { body: '{"code":0}', bytes: 2_097_152 }, 'too_long'],
    ['a redirect, which is not followed', { location: 'http://127.0.0.1:9/elsewhere' }, 'no_json'],
    ['a connection that is cut', { reset: true }, 'reset'],
  ])('%s: later, the same ids', (_name, fault, reason) => play(fault, waits(reason)))

  it.each<[string, Partial<Fault>]>([
    ['an answer that is lost', { reset: true, taken: true }],
    ['an answer that is cut', { body: '{"co', taken: true }],
    ['an error after the events were taken', { status: 500, taken: true }],
  ])('%s: sent again under the same ids, which TikTok deduplicates', async (_name, fault) => {
    const world = open()
    world.fault(fault)
    await world.run(sick)
    world.recover()
    expect((await world.run(sick, { topic: 'later', attempt: 2 })).words).toEqual(times(size, 'accepted'))
    expect(world.taken('sick').size).toBe(size)
    expect(world.repeats()).toBe(0)
    expect(world.duplicates()).toBe(size)
  })

  it.each<[string, Partial<Fault>]>([
    ['no answer at all', { timeout: true }],
    ['an answer that comes too late', { slowMs: short.timeoutMs + 100 }],
  ])('%s: the batch goes on, the neighbours do not wait for it', async (_name, fault) => {
    const world = open(short)
    world.fault(fault)
    const { words } = await world.run([...sick, ...well])
    // By the order of events, not by the clock: the batch has ended while the sick call still hangs.
    expect(world.underWay()).toBe(1)
    expect(words).toEqual([...times(size, 'deferred 10s slow'), 'accepted', 'accepted'])
    await world.drained()
    expect(world.breakerStore.notes.get('sick')?.cause).toBe('timeout')
    world.recover()
    expect((await world.run(sick, { topic: 'later', attempt: 2 })).words).toEqual(times(size, 'accepted'))
    expect(world.taken('sick').size).toBe(size)
  })

  it('a slow answer: recorded when it comes, not sent again', async () => {
    const world = open(short)
    world.fault({ slowMs: 500, count: 1 })
    expect((await world.run([...sick, ...well])).words.slice(0, size)).toEqual(times(size, 'deferred 10s slow'))
    await world.drained()
    expect((await world.run(sick, { topic: 'later', attempt: 2 })).words).toEqual(times(size, 'accepted'))
    expect(world.sizes()).toEqual([8])
  })

  it('no server: later', async () => {
    const gone = openHttp('http://127.0.0.1:9/')
    const world = openDispatch({
      batchTimeoutMs: ample.batchTimeoutMs,
      post: ({ body }) => gone.post({ headers: {}, body, timeoutMs: ample.timeoutMs }),
    })
    world.connect('sick')
    expect((await world.run([numbered('sick', 0)])).words).toEqual(['deferred 10s unreachable'])
    gone.close()
  })
})

describe('a failure in the middle of several calls', () => {
  it('keeps what was accepted before it, and makes no calls after it', async () => {
    const world = open({ ...ample, eventsPerCall: 2 })
    world.fault({ eventIds: [idOf(4)], code: 50000 })
    const { words } = await world.run([...sick, ...well])
    expect(words).toEqual([
      ...times(4, 'accepted'),
      ...times(2, 'deferred 10s service'),
      ...times(2, 'deferred 10s service untried'),
      'accepted',
      'accepted',
    ])
    expect(world.sizes()).toEqual([2, 2, 2])
  })

  it('calls once while the breaker is open, and sends everything once it is closed', async () => {
    const world = open()
    world.fault({ code: 50000 })
    await world.run(sick)
    expect((await world.run(sick)).words).toEqual(times(size, 'deferred 10s breaker_open untried'))
    expect(world.sizes()).toEqual([8])
    world.recover()
    expect((await world.run(sick)).words).toEqual(times(size, 'accepted'))
  })
})
