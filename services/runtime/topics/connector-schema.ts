/**
 * Connectors write message events by schemas of their own choice. One that lacks a field of the first version loses it without an error, so
 * records of such a schema are refused.
 */
import type { Type } from 'avsc'
import { schemaVersions } from '../../../schemas/index.ts'
import { avroType } from './avro-type.ts'

/** Folder of the schema that connectors write by. */
export const connectorSchema = 'message-event'

interface Field {
  readonly name: string
  readonly type: Type
}

/** The record in a type: itself, or the branch of a union with null. */
const recordIn = (type: Type): readonly Field[] | null => {
  const { fields, types } = type as Type & { readonly fields?: readonly Field[]; readonly types?: readonly Type[] }
  if (fields) return fields
  return types?.map(recordIn).find((found) => found !== null) ?? null
}

const lackingIn = (required: readonly Field[], given: readonly Field[], path = ''): string[] =>
  required.flatMap(({ name, type }) => {
    const found = given.find((field) => field.name === name)
    if (!found) return [`${path}${name}`]
    const inner = recordIn(type)
    return inner ? lackingIn(inner, recordIn(found.type) ?? [], `${path}${name}.`) : []
  })

let first: readonly Field[] | undefined

/** Fields of the first version that a writer's schema lacks, as paths. Later versions only add fields, which may be missing. */
export const fieldsLacking = (writer: Type): readonly string[] => {
  first ??= recordIn(avroType(JSON.parse(schemaVersions(connectorSchema)[0] as string))) ?? []
  return lackingIn(first, recordIn(writer) ?? [])
}
