import { headersIn, lowerCase } from '../../../../../services/cli/commands/mappings/webhook-body.ts'

describe('request headers of a sample', () => {
  it('have names in any case, and text or numbers', () =>
    expect(headersIn('{"X-Org":"a","Content-Length":12}')).toEqual({ 'x-org': 'a', 'content-length': '12' }))

  it('leave out values that no HTTP header can have', () =>
    expect(lowerCase({ a: { toString: 1, valueOf: 1 }, b: null, c: ['x'], d: 'y' })).toEqual({ d: 'y' }))

  it('are empty for anything but an object', () => {
    for (const headers of [null, undefined, 'x', 7]) expect(lowerCase(headers)).toEqual({})
  })

  it.each(['x-org: a', '[', 'null', '7'])('are refused as %j', (text) =>
    expect(() => headersIn(text)).toThrow(/must be a JSON object/),
  )
})
