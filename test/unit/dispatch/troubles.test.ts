import { Troubles } from '../../../services/dispatch/troubles.ts'

const minute = 60_000

describe('an advertiser in trouble', () => {
  const troubles = () => new Troubles(3_000)

  it('is not known before it fails', () => expect(troubles().held('a', 'main', 0)).toBeNull())

  it('is left alone after a failure, its neighbours are not', () => {
    const notes = troubles()
    notes.failed('a', 0)
    expect(notes.held('a', 'main', 1)).toBe('10s')
    expect(notes.held('a', 'waiting', 1)).toBe('10s')
    expect(notes.held('b', 'main', 1)).toBeNull()
  })

  it('is asked again by the waiting lane first, by one batch at a time', () => {
    const notes = troubles()
    notes.failed('a', 0)
    expect(notes.held('a', 'main', 9_000)).toBe('10s')
    expect(notes.held('a', 'waiting', 9_000)).toBeNull()
    expect(notes.held('a', 'waiting', 9_001)).toBe('10s')
    expect(notes.held('a', 'main', 18_001)).toBe('10s')
  })

  it('is asked again by the main lane where no waiting lane is', () => {
    const notes = troubles()
    notes.failed('a', 0)
    expect(notes.held('a', 'main', 18_000)).toBeNull()
  })

  it('is forgotten once it answers', () => {
    const notes = troubles()
    notes.failed('a', 0)
    notes.recovered('a')
    expect(notes.held('a', 'main', 1)).toBeNull()
    expect(notes.size).toBe(0)
  })

  it('waits longer the longer it lasts, at most five minutes', () => {
    const notes = troubles()
    const delays: (string | null)[] = []
    for (let failures = 1; failures <= 9; failures++) {
      notes.failed('a', 0)
      delays.push(notes.held('a', 'waiting', 1))
    }
    expect(delays).toEqual(['10s', '10s', '1m', '1m', '1m', '5m', '5m', '5m', '5m'])
    expect(notes.held('a', 'waiting', 4 * minute)).toBeNull()
  })

  it('is not called slow for one slow answer', () => {
    const notes = troubles()
    notes.outstanding('a', 0)
    expect(notes.held('a', 'main', 1)).toBe('10s')
    notes.slow('a', 2_000)
    expect(notes.held('a', 'main', 2_001)).toBeNull()
    notes.slow('a', 4_000)
    expect(notes.held('a', 'main', 4_001)).toBe('10s')
    expect(notes.held('a', 'waiting', 4_001)).toBeNull()
  })
})
