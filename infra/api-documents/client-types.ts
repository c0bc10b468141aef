/** Draws the types of the console's client from the OpenAPI document: a type for each schema, and one for each operation. */
import type { JsonSchema } from '../../services/shared/model/message-event-json-schema.ts'

/** From the root of the project. */
export const clientTypesFile = 'services/console/api/operations.ts'

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: JsonSchema }[]
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: JsonSchema } } }
  readonly responses: Readonly<
    Record<string, { readonly content: { readonly 'application/json': { readonly schema: JsonSchema } } }>
  >
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

const literal = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value))
const property = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`)

const objectType = (schema: JsonSchema): string => {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  const required = new Set((schema.required ?? []) as string[])
  const rest = schema.additionalProperties
  if (properties.length === 0)
    return `Readonly<Record<string, ${typeof rest === 'object' && rest !== null ? typeOf(rest as JsonSchema) : 'unknown'}>>`
  const fields = properties.map(
    ([name, one]) =>
      `readonly ${property(name)}${required.has(name) ? '' : '?'}: ${typeOf(one)}${required.has(name) ? '' : ' | undefined'}`,
  )
  return `{ ${fields.join('; ')} }`
}

/** The TypeScript of a schema. Numbers' limits, patterns and formats have no counterpart. */
const typeOf = (schema: JsonSchema): string => {
  if (typeof schema.$ref === 'string') return `ApiSchemas['${schema.$ref.split('/').at(-1)}']`
  if ('const' in schema) return literal(schema.const)
  if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ')
  const choices = (schema.anyOf ?? (schema.type === undefined ? schema.oneOf : undefined)) as JsonSchema[] | undefined
  if (choices) return choices.map(typeOf).join(' | ')
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ')
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return `readonly (${schema.items ? typeOf(schema.items as JsonSchema) : 'unknown'})[]`
    case 'object':
      return objectType(schema)
    default:
      return 'unknown'
  }
}

const operationType = ({ parameters, requestBody, responses }: Operation): string => {
  const query = parameters.filter((one) => one.in === 'query')
  const properties = Object.fromEntries(query.map(({ name, schema }) => [name, schema]))
  const answers = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content }]) => typeOf(content['application/json'].schema))
  const body = requestBody?.content['application/json'].schema
  return `{ query: ${query.length > 0 ? objectType({ properties }) : 'undefined'}; body: ${body ? typeOf(body) : 'undefined'}; answer: ${[...new Set(answers)].join(' | ')} }`
}

/** @param document of `adminOpenApi()` */
export const clientTypes = (document: JsonSchema): string => {
  const { paths, components } = document as unknown as Document
  const types = Object.entries(components.schemas).map(([name, schema]) => `  readonly ${name}: ${typeOf(schema)}`)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) =>
        `  '${method.toUpperCase()} ${path.replace('/admin/v1/', '')}': ${operationType(operation)}`,
    ),
  )
  return [
    '/** Drawn from docs/admin-openapi.json by `make api-documents`; do not edit. */',
    '',
    'export interface ApiSchemas {',
    ...types,
    '}',
    '',
    '/** By method and path below `/admin/v1/`. */',
    'export interface ApiOperations {',
    ...operations,
    '}',
    '',
  ].join('\n')
}
