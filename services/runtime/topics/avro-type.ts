/**
 * Compiles an Avro schema to a type whose records are plain objects. By default avsc gives every record enumerable methods, which
 * a validator at an edge takes for unknown fields.
 */
import avro, { type Schema, type Type } from 'avsc'

export const avroType = (schema: Schema): Type =>
  avro.Type.forSchema(schema, { wrapUnions: false, omitRecordMethods: true })
