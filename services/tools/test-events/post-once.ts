/** One call of a destination, by a client of its own. */
import type { Answer, CallRequest } from '../../dispatch/destinations/destination.ts'
import { openHttp } from '../../runtime/adapters/http.ts'

/** A person waits for the answer. */
const timeoutMs = 10_000

export const postOnce = async (url: string, call: CallRequest): Promise<Answer> => {
  const http = openHttp(url, { sockets: 1 })
  try {
    return await http.post({ ...call, timeoutMs })
  } finally {
    http.close()
  }
}
