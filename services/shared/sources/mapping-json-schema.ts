/** JSON Schema (draft 2020-12) of a mapping file, so that editors complete and check one while it is written. */
import { z } from 'zod'
import { mappingSchema } from './interpreter/language/document.ts'

/** Rules beyond its reach, such as names in scope, are checked by `signals mappings check`. */
export const mappingJsonSchema = (): object => ({
  title: 'Mapping of a source',
  ...z.toJSONSchema(mappingSchema, { io: 'input', unrepresentable: 'any', reused: 'ref' }),
})
