/** Reads a page of a process's status server. */
const timeoutMs = 2_000

/**
 * @param metricsUrl of the process: the page is beside `/metrics`
 * @param token null: the page needs none
 * @returns its JSON; null when the process does not answer or refuses
 */
export const readStatusPage = async (metricsUrl: string, path: string, token: string | null): Promise<unknown> => {
  try {
    const response = await fetch(new URL(path, metricsUrl), {
      signal: AbortSignal.timeout(timeoutMs),
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    })
    return response.ok ? await response.json() : null
  } catch {
    // Down or blocked.
    return null
  }
}
