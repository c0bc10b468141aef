/**
 * The simulator plays every code of TikTok over HTTP against the stage that runs in production. Each case checks the outcome of each
 * signal, the number of calls, and that a neighbour in the same batch is delivered in one separate call.
 *
 * The cases come from the table of codes: a verdict without a script does not compile, and a new code is played at once.
 */
import type { Verdict } from '../../services/dispatch/destinations/destination.ts'
import { codeRanges, codes } from '../../services/dispatch/destinations/tiktok/codes.ts'
import { numbered, times } from '../support/dispatch-world.ts'
import { ample, but, idOf, ofAll, open, play, serveTikTok, sick, size, well } from '../support/tiktok-script.ts'

serveTikTok()

describe('every code of the table', () => {
  const all: [number, Verdict][] = [
    ...Object.entries(codes).map(([code, { verdict }]): [number, Verdict] => [Number(code), verdict]),
    ...codeRanges.flatMap(({ from, to, verdict }): [number, Verdict][] => [
      [from, verdict],
      [to, verdict],
    ]),
    [47_111, 'unknown'],
    [-1, 'unknown'],
  ]

  it.each(all)('%i: %s', (code, verdict) => play({ code }, ofAll[verdict]))

  it('marks the connection of a refused token, once', async () => {
    const world = open({ ...ample, eventsPerCall: 2 })
    world.fault({ code: 40105 })
    await world.run([...sick, ...well])
    expect(world.reconnected).toEqual([['sick', 40105]])
    expect(world.sizes()).toEqual([2])
  })

  it('parks an unknown code at its fifth attempt, and not before', async () => {
    const world = open()
    world.fault({ code: 47_111 })
    const words: string[] = []
    for (let attempt = 1; attempt <= 5; attempt++) {
      words.push(...(await world.run([numbered('sick', 0)], { topic: 'later', attempt })).words)
    }
    expect(words).toEqual([
      'deferred 10s unknown_code',
      'deferred 1m unknown_code',
      'deferred 5m unknown_code',
      'deferred 30m unknown_code',
      'parked unknown_code',
    ])
  })
})

describe('every code about one event of the call', () => {
  const found = { words: but(5, 'rejected'), taken: size - 1 }
  const bad = Object.entries(codes).flatMap(([code, { verdict }]) => (verdict === 'bad_event' ? [Number(code)] : []))

  it.each(bad)('%i, named by TikTok: three calls', (code) =>
    play({ code, eventIds: [idOf(5)], hint: true }, { ...found, sizes: [8, 7, 1] }),
  )

  it.each(bad)('%i, not named: halving', (code) =>
    play({ code, eventIds: [idOf(5)] }, { ...found, sizes: [8, 4, 4, 2, 1, 1, 2] }),
  )

  it('named wrongly: the neighbours are not rejected for it', () =>
    play(
      { code: 40002, eventIds: [idOf(5)], message: 'Batch.2.event_time: Not a valid integer.' },
      { ...found, sizes: [8, 7, 4, 3, 2, 1, 1, 1, 1] },
    ))

  it('named outside of the call: as if not named', () =>
    play({ code: 40002, eventIds: [idOf(5)], message: 'Batch.70: no' }, { ...found, sizes: [8, 4, 4, 2, 1, 1, 2] }))

  it('a partial success without detail: the failed event is found, the others are delivered', () =>
    play({ partial: { eventIds: [idOf(5)], places: [], hint: false } }, { ...found, sizes: [8, 4, 4, 2, 1, 1, 2] }))

  it('a partial success that names the failed event: three calls', () =>
    play({ partial: { eventIds: [idOf(5)], places: [], hint: true } }, { ...found, sizes: [8, 7, 1] }))

  it('an unknown code about one event: the others are delivered, that one waits', () =>
    play(
      { code: 47_111, eventIds: [idOf(5)], count: 4 },
      {
        words: but(5, 'deferred 10s unknown_code'),
        sizes: [8, 4, 4, 2, 2, 1, 1],
        taken: 7,
        afterwards: 'accepted',
      },
    ))

  it('duplicates among new events: all delivered', () =>
    play({ duplicates: true }, { words: times(size, 'accepted'), sizes: [8], taken: 8 }))

  it('too many in one call: two calls', () =>
    play({ code: 40061, count: 1 }, { words: times(size, 'accepted'), sizes: [8, 4, 4], taken: 8 }))

  it('HTTP 413: two calls', () =>
    play({ status: 413, count: 1 }, { words: times(size, 'accepted'), sizes: [8, 4, 4], taken: 8 }))
})
