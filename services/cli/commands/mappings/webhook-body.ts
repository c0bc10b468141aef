/** Builds from a file or standard input the delivery that the gateway would store. */
import type { RawDelivery } from '../../../shared/sources/index.ts'
import { UsageError } from '../../exit.ts'

export const lowerCase = (headers: unknown): Record<string, string> =>
  typeof headers === 'object' && headers !== null
    ? Object.fromEntries(
        Object.entries(headers).flatMap(([name, value]) =>
          // An object or null cannot be the value of an HTTP header.
          typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
            ? [[name.toLowerCase(), String(value)]]
            : [],
        ),
      )
    : {}

/** @throws UsageError when the text is not a JSON object */
export const headersIn = (text: string): Record<string, string> => {
  let headers: unknown
  try {
    headers = JSON.parse(text)
  } catch {
    headers = null
  }
  if (typeof headers !== 'object' || headers === null)
    throw new UsageError('request headers must be a JSON object: {"x-name": "value"}')
  return lowerCase(headers)
}

export const deliveryOf = (
  source: string,
  body: string | Buffer,
  account: string | null,
  headers: Record<string, string>,
): RawDelivery => ({
  source,
  account,
  headers,
  contentType: headers['content-type'] ?? null,
  body: Buffer.from(body as string),
  receivedAt: Date.now(),
})
