/** A broker refuses a token by a successful response that holds JSON with a `status`; both clients take it for a login. */

/** @returns an error for a refused token; undefined for an accepted one, whose response is empty */
export const rejectedToken = (response: Buffer | null | undefined): Error | undefined => {
  if (!response || response.length === 0) return undefined
  let status: unknown
  try {
    status = (JSON.parse(response.toString('utf8')) as { status?: unknown }).status
  } catch {
    return undefined
  }
  return typeof status === 'string'
    ? new Error(`SASL authentication failed: token refused (${status.slice(0, 40)})`)
    : undefined
}
