import { get } from 'node:http'

/** Whether a process of this machine answers a request within 2 s. By `node:http`: `fetch` would take 10 MB of the supervisor's memory. */
export const answers = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(url, { timeout: 2_000 }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode === 200))
    })
    request.once('timeout', () => request.destroy())
    // Not listening yet, or no answer in time.
    request.once('error', () => resolve(false))
    request.once('close', () => resolve(false))
  })
