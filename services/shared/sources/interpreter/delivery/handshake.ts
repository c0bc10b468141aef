/** Answers the handshake: the GET by which a source verifies a webhook address when it is entered. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpAnswer, Source } from '../../source.ts'
import type { HandshakeRule } from '../language/delivery-rules.ts'

const digest = (text: string) => createHash('sha256').update(text).digest()
const text = (status: number, body: string): HttpAnswer => ({ status, contentType: 'text/plain', body })

export const compileHandshake = (rule: HandshakeRule): Source['handshake'] => {
  if (rule.mode === 'none') return () => text(200, 'this address accepts deliveries by POST\n')
  const { token, challenge, expect } = rule
  return (query, _headers, { verifyTokens }) => {
    const given = query.get(token)
    const asked = query.get(challenge)
    if (given === null || asked === null) return text(400, `the handshake needs ${token} and ${challenge}\n`)
    if (Object.entries(expect).some(([name, value]) => query.get(name) !== value))
      return text(400, 'this is not the handshake of the source\n')
    const fits = verifyTokens.some((token) => timingSafeEqual(digest(token), digest(given)))
    return fits ? text(200, asked) : text(403, 'the verify token does not match the configured one\n')
  }
}
