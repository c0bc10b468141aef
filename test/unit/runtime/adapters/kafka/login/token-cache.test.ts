import { type BearerToken, tokenCache } from '../../../../../../services/runtime/adapters/kafka/login/token-cache.ts'

const openCache = (lifetimeMs = 100_000) => {
  const state = { now: 0, requests: 0, isAway: false }
  const request = async (): Promise<BearerToken> => {
    state.requests++
    if (state.isAway) throw new Error('away')
    return { value: `token ${state.requests}`, lifetimeMs }
  }
  return { state, token: tokenCache(request, () => state.now) }
}

describe('a cached token', () => {
  it('is kept for three quarters of its life, then replaced', async () => {
    const { state, token } = openCache(101_000)
    expect(await token()).toBe('token 1')
    state.now = 74_999
    expect(await token()).toBe('token 1')
    state.now = 75_000
    expect(await token()).toBe('token 2')
    state.now = 149_999
    expect(await token()).toBe('token 2')
  })

  it.each([2, 6, 60])(
    'of %s s is another at the re-login of a client, wherever in a second it was issued',
    async (seconds) => {
      for (let phase = 0; phase < 1_000; phase += 100) {
        const { state, token } = openCache(seconds * 1_000)
        state.now = phase
        expect(await token()).toBe('token 1')
        // The broker reads the expiry from the token; the clients log in again after 80 % of what is left.
        const expiresAt = Math.floor(phase / 1_000) * 1_000 + seconds * 1_000
        state.now = phase + (expiresAt - phase) * 0.8
        expect(await token()).toBe('token 2')
      }
    },
  )

  it('is requested once for all who ask at the same time', async () => {
    const { state, token } = openCache()
    expect(await Promise.all([token(), token(), token()])).toEqual(['token 1', 'token 1', 'token 1'])
    expect(state.requests).toBe(1)
  })

  it('stays in use while its endpoint is away, until it expires', async () => {
    const { state, token } = openCache()
    await token()
    state.isAway = true
    state.now = 99_999
    expect(await token()).toBe('token 1')
    state.now = 100_000
    await expect(token()).rejects.toThrow('away')
    state.isAway = false
    expect(await token()).toBe('token 4')
  })
})
