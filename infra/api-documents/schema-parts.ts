/** Building blocks of the JSON Schemas in these documents. */
import type { JsonSchema } from '../../services/shared/model/message-event-json-schema.ts'

/** What the tables of code do not say of an endpoint. */
export interface Described {
  readonly summary: string
  readonly body?: JsonSchema
  readonly query?: Readonly<Record<string, JsonSchema>>
  /** By status. */
  readonly answers: Readonly<Record<string, JsonSchema>>
  /** Statuses of problems beside those that every address may give. */
  readonly problems?: readonly number[]
}

export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })
export const text = { type: 'string' }
export const count = { type: 'integer', minimum: 0 }
export const number = { type: 'number' }
export const flag = { type: 'boolean' }
export const time = { type: 'integer', description: 'ms since the Unix epoch' }
export const nullable = (schema: JsonSchema) => ({ anyOf: [schema, { type: 'null' }] })
export const object = (properties: Record<string, JsonSchema>, optional: readonly string[] = []) => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})
export const list = (items: JsonSchema) => ({ type: 'array', items })
export const counts = { type: 'object', additionalProperties: count }
export const pageOf = (items: JsonSchema, more: Record<string, JsonSchema> = {}) =>
  object({ total: count, page: count, size: count, items: list(items), ...more })
export const pageQuery = (size: number, maximum: number) => ({
  page: { type: 'integer', minimum: 0, default: 0 },
  size: { type: 'integer', minimum: 1, maximum, default: size },
})
