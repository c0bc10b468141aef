/**
 * Compiles an Avro schema to a type whose records are plain objects. By default avsc gives every record enumerable methods, which
 * a validator at an edge takes for unknown fields.
 */
import avro, { type Schema, type Type } from 'avsc'
import { boundLists } from './bounded-lists.ts'

boundLists()

export const avroType = (schema: Schema): Type =>
  avro.Type.forSchema(schema, { wrapUnions: false, omitRecordMethods: true })

/** The type of what follows the first field of a record. Its fields must not refer to types that the first one defines. */
export const withoutFirstField = (schema: string): Type => {
  const { fields, ...record } = JSON.parse(schema)
  return avroType({ ...record, fields: fields.slice(1) })
}
