/** What several addresses of the OpenAPI document share. */
import type { JsonSchema } from '../../shared/model/message-event-json-schema.ts'

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
export const jsonOf = (schema: JsonSchema) => ({ 'application/json': { schema } })

export const retryAfter = {
  'Retry-After': { description: 'seconds to wait before the next try', schema: { type: 'integer', minimum: 1 } },
}

export const problem = (description: string, headers?: JsonSchema) => ({
  description,
  ...(headers ? { headers } : {}),
  content: jsonOf(ref('Problem')),
})

/** Answers that every address may give. */
export const common = {
  '408': problem('the request was not complete within 20 s'),
  '429': problem('too many wrong tokens came from this address', retryAfter),
  '500': problem('send it again: if it was stored all the same, it counts once'),
  '503': problem(
    'Kafka is away, the gateway starts, or a rate is reached: send it again; if it was stored all the same, it counts once',
    retryAfter,
  ),
}
