/** Reads the body of a request, bounded in size and in what all unfinished bodies hold together. */
import type { IncomingMessage } from 'node:http'
import { HttpProblem } from '../http/answers.ts'
import type { PendingBodies } from './pending-bodies.ts'

/** Whose body it is, as far as the address says: bodies of one sender share limits. */
export interface BodyOwner {
  readonly source: string
  readonly account: string | null
}

const busy = () => new HttpProblem(503, 'busy', 'too many requests are in progress; nothing was stored, send it again')

const tooLarge = (limit: number) =>
  new HttpProblem(
    413,
    'too_large',
    `the body is larger than ${limit} bytes; MAX_BODY_BYTES raises the limit, but not where a signature covers fields of the body`,
  )

/**
 * Judges the body by its headers.
 * @param limit bytes
 * @throws HttpProblem 413; 415 for a compressed body, since sources sign the uncompressed bytes
 */
export const requireReadable = ({ headers }: IncomingMessage, limit: number): void => {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new HttpProblem(415, 'content_encoding', 'send the body as it is, without Content-Encoding')
  if (Number(headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
}

/**
 * @param limit bytes
 * @throws HttpProblem as `requireReadable`; 413 before the rest is read; 400 when the connection ends early; 503 when unfinished
 * bodies exceed a limit and this one is the oldest of them
 */
export const readBody = async (
  request: IncomingMessage,
  limit: number,
  owner: BodyOwner,
  pending: PendingBodies,
): Promise<Buffer> => {
  requireReadable(request, limit)
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let isDone = false
    const finish = (settle: () => void) => {
      if (isDone) return
      isDone = true
      pending.close(entry)
      settle()
    }
    const refuse = (problem: HttpProblem) =>
      finish(() => {
        request.removeAllListeners('data')
        parts.length = 0
        request.resume()
        reject(problem)
      })
    const entry = pending.open(owner.source, owner.account, () => refuse(busy()))
    request.on('data', (part: Buffer) => {
      parts.push(part)
      if (entry.bytes + part.length > limit) refuse(tooLarge(limit))
      else pending.grow(entry, part.length)
    })
    const aborted = () =>
      finish(() => reject(new HttpProblem(400, 'aborted', 'the connection ended before the whole body had arrived')))
    request.once('end', () => finish(() => resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))))
    request.once('error', aborted)
    request.once('close', () => {
      if (!request.complete) aborted()
    })
  })
}
