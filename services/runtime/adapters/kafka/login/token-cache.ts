/** Keeps a bearer token until most of its life is over. Concurrent callers share one request. */

export interface BearerToken {
  readonly value: string
  /** ms; from its issue to its expiry. */
  readonly lifetimeMs: number
}

/**
 * A broker asks for a re-login within the life of a token, and clients do so after 80 % of it. By then the token must be a newer one:
 * the same again would have so little life left that the next re-login follows within a second, which Kafka refuses.
 */
const usedShare = 0.75
/** An expiry is in whole seconds, rounded down, so the true life is up to this much shorter than the stated one. */
const roundedMs = 1_000

/**
 * @param request gets a new token
 * @param now ms
 * @returns a token that is valid. @throws the error of `request`, once no earlier token is valid any more
 */
export const tokenCache = (request: () => Promise<BearerToken>, now: () => number): (() => Promise<string>) => {
  let current: { readonly value: string; readonly refreshAt: number; readonly expiresAt: number } | undefined
  let pending: Promise<string> | undefined

  const refresh = async (): Promise<string> => {
    const askedAt = now()
    try {
      const { value, lifetimeMs } = await request()
      const surelyMs = Math.max(0, lifetimeMs - roundedMs)
      current = { value, refreshAt: askedAt + surelyMs * usedShare, expiresAt: askedAt + lifetimeMs }
      return value
    } catch (error) {
      if (current && now() < current.expiresAt) return current.value
      throw error
    } finally {
      pending = undefined
    }
  }

  return async () => {
    if (current && now() < current.refreshAt) return current.value
    pending ??= refresh()
    return pending
  }
}
