import { loadSources } from '../../../../services/shared/sources/index.ts'

describe('the shipped sources', () => {
  const sources = loadSources()

  it('compile, and have the names of their files', () => {
    expect(sources.names().length).toBeGreaterThan(10)
    expect(sources.names().map((name) => sources.get(name)?.name)).toEqual(sources.names())
  })

  it('are compiled once', () => {
    expect(sources.get('whatsapp')).toBe(sources.get('whatsapp'))
  })
})
