/** What lies in each topic, how far its groups are, and the last records without their content. */
import { schemaVersions } from '../../../schemas/index.ts'
import { allTopics } from '../../derived-topics.ts'
import { headerNames } from '../../runtime/batch/record-headers.ts'
import type { PartitionLag } from '../../runtime/health/lag.ts'
import type { Broker, ConsumedRecord, SchemaRegistry } from '../../runtime/ports.ts'
import { channelEventHeaders, sealedUnder } from '../../shared/model/channel-event.ts'
import type { TopicSpec } from '../../topic-spec.ts'

export interface TopicReaderTools {
  readonly broker: Pick<Broker, 'progress' | 'read'>
  readonly registry: Pick<SchemaRegistry, 'schemaById'>
  /** As of the last read of the lag. */
  lags(): readonly PartitionLag[]
}

/** A group for offset queries; nothing commits under it. */
const queryGroup = 'signals-console'
const shownRecords = 25
/** Of each partition, the newest. */
const readPerPartition = 3n
const shownHeader = 200
/** Headers that this pipeline writes, and whose values name no person. A connector may write others, with anything in them. */
const ownHeaders: ReadonlySet<string> = new Set([
  ...Object.values(headerNames),
  ...Object.values(channelEventHeaders),
  ...['stage', 'code', 'origin', 'replay'],
])
/** What it holds of a connector's own record is the connector's; an account may be a person's there. */
const unshown: ReadonlySet<string> = new Set([channelEventHeaders.account, channelEventHeaders.verifiedAccount])

const sum = (values: readonly bigint[]) => Number(values.reduce((a, b) => a + b, 0n))

const specOf = ({ name, holds, key, cleanup, retentionMs, schema, partitions: _, ...rest }: TopicSpec) => ({
  ...{ name, holds, key, cleanup, retentionMs: retentionMs < 0 ? null : retentionMs },
  holdsSecrets: rest.holdsSecrets ?? false,
  schema,
  schemaVersions: schema === null ? 0 : schemaVersions(schema).length,
})

export class TopicReader {
  readonly #tools: TopicReaderTools
  /** By schema id of the registry: its text, normalised. */
  readonly #schemas = new Map<number, string | null>()

  constructor(tools: TopicReaderTools) {
    this.#tools = tools
  }

  /** In the order of `signals topics`. @throws DependencyError */
  async all() {
    const progress = await this.#tools.broker.progress(
      allTopics.map(({ name }) => ({ group: queryGroup, topic: name })),
    )
    const lags = Map.groupBy(this.#tools.lags(), ({ topic }) => topic)
    return allTopics.map((spec, n) => {
      const partitions = progress[n] ?? []
      const own = lags.get(spec.name)
      return {
        ...specOf(spec),
        partitions: partitions.length,
        /** Offsets that are kept; of a compacted topic, fewer records are there. */
        records: sum(partitions.map(({ low, high }) => high - low)),
        lag: own === undefined ? null : own.reduce((total, { messages }) => total + messages, 0),
        lagSeconds: own === undefined ? null : Math.max(0, ...own.map(({ seconds }) => seconds)),
      }
    })
  }

  /** @returns null: there is no such topic. @throws DependencyError */
  async one(name: string) {
    const spec = allTopics.find((one) => one.name === name)
    if (!spec) return null
    const [partitions = []] = await this.#tools.broker.progress([{ group: queryGroup, topic: name }])
    const lags = this.#tools.lags().filter(({ topic }) => topic === name)
    const newest: ConsumedRecord[] = []
    const ranges = partitions
      .map(({ partition, low, high }) => ({
        ...{ partition, to: high },
        from: high - readPerPartition > low ? high - readPerPartition : low,
      }))
      .filter(({ from, to }) => from < to)
    if (ranges.length > 0) await this.#tools.broker.read(name, ranges, (records) => void newest.push(...records))
    const shown = newest.sort((a, b) => b.timestamp - a.timestamp).slice(0, shownRecords)
    return {
      ...specOf(spec),
      offsets: partitions.map(({ partition, low, high }) => {
        const lag = lags.find((one) => one.partition === partition)
        return {
          ...{ partition, low: Number(low), high: Number(high), group: lag?.group ?? null },
          ...{ lag: lag?.messages ?? null, lagSeconds: lag?.seconds ?? null },
        }
      }),
      records: await Promise.all(shown.map((record) => this.#recordOf(record, spec))),
    }
  }

  async #recordOf(record: ConsumedRecord, { schema }: TopicSpec) {
    const { partition, offset, timestamp, key, value, headers } = record
    return {
      ...{ partition, offset: Number(offset), timestamp, hasKey: key !== null, bytes: value?.length ?? null },
      sealed: sealedUnder({ headers }) !== undefined,
      schemaVersion: schema === null ? null : await this.#versionOf(value, schema),
      headers: Object.entries(headers).map(([header, text]) => ({
        name: header,
        value: ownHeaders.has(header) && !unshown.has(header) ? text.slice(0, shownHeader) : null,
      })),
    }
  }

  /** null: the value is no Avro, or of a schema that is not this project's. */
  async #versionOf(value: Buffer | null, folder: string): Promise<number | null> {
    if (value === null || value.length < 5 || value[0] !== 0) return null
    const id = value.readInt32BE(1)
    if (!this.#schemas.has(id)) {
      const text = await this.#tools.registry.schemaById(id, 2_000).catch(() => undefined)
      if (text === undefined) return null
      this.#schemas.set(id, text === null ? null : normalised(text))
    }
    const known = this.#schemas.get(id)
    const versions = schemaVersions(folder)
    const at = versions.findIndex((one) => normalised(one) === known)
    return at < 0 ? null : at + 1
  }
}

/** The registry may give a schema without its spaces. */
const normalised = (schema: string) => JSON.stringify(JSON.parse(schema))
