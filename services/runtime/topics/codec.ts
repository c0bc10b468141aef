/**
 * Encodes and decodes values: Avro in the registry's wire format (byte 0, schema id as 4 bytes big-endian, body).
 *
 * The registry only supplies ids and schemas; avsc types, compiled once per schema id, encode and decode. `prepare` fetches unknown
 * schemas, so that `decode` is synchronous and cheap.
 */
import type { Resolver, Type } from 'avsc'
import { latestSchema } from '../../../schemas/index.ts'
import { BadRecord } from '../../failures.ts'
import { sealedUnder } from '../../shared/model/channel-event.ts'
import type { DeadLetter, OriginalRecord } from '../../shared/model/dead-letter.ts'
import type { AttributedMessage, TopicValues } from '../../shared/model/topic-values.ts'
import { type MainTopic, subjectOf, topics } from '../../topology.ts'
import type { Clock, ConsumedRecord, SchemaRegistry } from '../ports.ts'
import { avroType, withoutFirstField } from './avro-type.ts'
import { connectorSchema, fieldsLacking } from './connector-schema.ts'
import { encoded } from './encode.ts'
import { SchemaLookup } from './schema-lookup.ts'

const headerBytes = 5
const magic = 0

const compile = (schema: string): Type => avroType(JSON.parse(schema))

const latestTypes = new Map<string, Type>()

/** Compiled once in a process: a codec has ten of them. */
const latestType = (folder: string): Type => {
  const type = latestTypes.get(folder) ?? compile(latestSchema(folder))
  latestTypes.set(folder, type)
  return type
}

/** Decodes bytes of one writer schema to this code's version of the record. */
interface Reader {
  readonly type: Type
  readonly resolver: Resolver | undefined
}

interface Format {
  readonly folder: string
  readonly type: Type
  readonly readers: Map<number, Reader>
  id: number | null
}

const format = (folder: string): Format => ({
  folder,
  type: latestType(folder),
  readers: new Map(),
  id: null,
})

type PreparedRecord = Pick<ConsumedRecord, 'value'> & Partial<Pick<ConsumedRecord, 'topic' | 'headers'>>

export class Codec {
  readonly #formats = new Map<string, Format>()
  readonly #byTopic: Record<MainTopic, Format>
  readonly #deadLetter: Format
  readonly #original = latestType('original-record')
  /** Its first field is the message. */
  readonly #behindMessage = withoutFirstField(latestSchema('attributed-message'))
  readonly #schemas: SchemaLookup

  private constructor(registry: SchemaRegistry, clock: Pick<Clock, 'now'>) {
    this.#schemas = new SchemaLookup(registry, clock)
    const shared = (folder: string) => {
      const known = this.#formats.get(folder) ?? format(folder)
      this.#formats.set(folder, known)
      return known
    }
    this.#byTopic = Object.fromEntries(
      Object.entries(topics).map(([name, spec]) => [name, shared(spec.schema)]),
    ) as Record<MainTopic, Format>
    this.#deadLetter = shared('dead-letter')
  }

  /**
   * Registers the schemas of the given topics, or finds their ids.
   * @param writes topics that the caller writes
   * @param deadLetterTopics full names of the dead-letter topics that the caller writes
   * @throws DependencyError when the registry is not reachable; SchemaIncompatible when it rejects a schema
   */
  static async open(
    registry: SchemaRegistry,
    clock: Pick<Clock, 'now'> = Date,
    writes: readonly MainTopic[] = Object.keys(topics) as MainTopic[],
    deadLetterTopics: readonly string[] = [],
  ): Promise<Codec> {
    const codec = new Codec(registry, clock)
    const register = async (topic: string, { folder }: Format) =>
      registry.register(subjectOf(topic), latestSchema(folder))
    await Promise.all([
      ...writes.map(async (topic) => {
        const known = codec.#byTopic[topic]
        known.id = await register(topics[topic].name, known)
        codec.#schemas.add(known.id, known.type)
      }),
      ...deadLetterTopics.map(async (topic) => {
        codec.#deadLetter.id = await register(topic, codec.#deadLetter)
        codec.#schemas.add(codec.#deadLetter.id, codec.#deadLetter.type)
      }),
    ])
    return codec
  }

  encode<T extends MainTopic>(topic: T, value: TopicValues[T]): Buffer {
    return this.#write(this.#byTopic[topic], value)
  }

  /**
   * The same bytes as of `encode`, made from the record that the message came in: its bytes are the first part of the result.
   * @param record from which `value.message` was decoded
   */
  encodeAttributed(value: AttributedMessage, record: Pick<ConsumedRecord, 'value'>): Buffer {
    const { attributedMessages, messages } = this.#byTopic
    const from = record.value
    // Written with another version of the schema, it has other fields.
    if (from === null || this.#reader(messages, from.readInt32BE(1)).resolver !== undefined)
      return this.#write(attributedMessages, value)
    const rest = encoded(this.#behindMessage, value, from.length)
    rest.set(from, 0)
    rest.writeInt32BE(attributedMessages.id as number, 1)
    return rest
  }

  encodeDeadLetter = (value: DeadLetter): Buffer => this.#write(this.#deadLetter, value)

  /**
   * Fetches the unknown schemas of these records. Sealed bodies are no Avro, whatever byte they begin with. Of topics that connectors
   * write, a schema that the registry does not give soon counts as unknown.
   * @throws DependencyError
   */
  async prepare(records: readonly PreparedRecord[]): Promise<void> {
    const own = new Set<number>()
    const foreign = new Set<number>()
    for (const { value, topic, headers } of records) {
      if (value === null || value.length < headerBytes || value[0] !== magic) continue
      if (headers !== undefined && sealedUnder({ headers }) !== undefined) continue
      const id = value.readInt32BE(1)
      if (this.#schemas.needs(id)) (topic === topics.channelEvents.name ? foreign : own).add(id)
    }
    if (own.size > 0) await this.#schemas.load(own)
    if (foreign.size > 0) await this.#schemas.loadForeign(foreign)
  }

  /** @throws BadRecord schema_unknown or bytes_invalid */
  decode<T extends MainTopic>(topic: T, record: Pick<ConsumedRecord, 'value'>): TopicValues[T] {
    return this.#read(this.#byTopic[topic], record.value) as TopicValues[T]
  }

  /** @throws BadRecord */
  decodeDeadLetter = (value: Buffer | null): DeadLetter => this.#read(this.#deadLetter, value) as DeadLetter

  /** A connector's Avro message event, not yet validated. @throws BadRecord */
  decodeMessageEvent = (value: Buffer): unknown => this.#read(this.#byTopic.channelEvents, value)

  isAvro = (value: Buffer): boolean => value.length >= headerBytes && value[0] === magic

  encodeOriginal = (original: OriginalRecord): Buffer => this.#original.toBuffer(original)
  decodeOriginal = (bytes: Buffer): OriginalRecord => this.#original.fromBuffer(bytes) as OriginalRecord

  #write({ folder, type, id }: Format, value: unknown): Buffer {
    if (id === null) throw new Error(`the codec was not opened for writing ${folder}`)
    const bytes = encoded(type, value, headerBytes)
    bytes[0] = magic
    bytes.writeInt32BE(id, 1)
    return bytes
  }

  #read(format: Format, value: Buffer | null): unknown {
    if (value === null || value.length < headerBytes || value[0] !== magic) {
      throw new BadRecord('bytes_invalid', 'the value is not in the schema registry wire format')
    }
    const id = value.readInt32BE(1)
    const { type, resolver } = this.#reader(format, id)
    try {
      const { value: decoded, offset } = type.decode(value, headerBytes, resolver)
      if (offset === value.length) return decoded
    } catch {
      // The message of avsc quotes the bytes, so only the schema id is passed on.
    }
    throw new BadRecord('bytes_invalid', `the value does not decode by schema id ${id}`)
  }

  #reader(format: Format, id: number): Reader {
    const known = format.readers.get(id)
    if (known) return known
    const writer = this.#schemas.get(id)
    if (!writer)
      throw new BadRecord(
        'schema_unknown',
        `schema id ${id} is no Avro schema in the registry, or the registry does not answer`,
      )
    try {
      const lacking = format.folder === connectorSchema ? fieldsLacking(writer) : []
      if (lacking.length > 0)
        throw new BadRecord('schema_incomplete', `schema id ${id} of the connector lacks ${lacking.join(', ')}`)
      const reader =
        writer === format.type || id === format.id || writer.equals(format.type)
          ? { type: format.type, resolver: undefined }
          : { type: format.type, resolver: format.type.createResolver(writer) }
      format.readers.set(id, reader)
      return reader
    } catch (error) {
      if (error instanceof BadRecord) throw error
      throw new BadRecord('bytes_invalid', `schema id ${id} is not a version of ${format.folder}`)
    }
  }
}
