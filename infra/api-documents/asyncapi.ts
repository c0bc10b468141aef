/** The topics as an AsyncAPI document (3.0), drawn from the topology and the Avro schemas. */
import { schemaVersions } from '../../schemas/index.ts'
import { channelEventHeaders } from '../../services/shared/model/channel-event.ts'
import type { TopicSpec } from '../../services/topic-spec.ts'
import { topics } from '../../services/topology.ts'

const avro = 'application/vnd.apache.avro+json;version=1.9.0'

/** Names the file of the version in force, seen from docs/connectors. */
const payloadOf = ({ schema }: TopicSpec) =>
  schema === null
    ? {}
    : {
        payload: {
          schemaFormat: avro,
          schema: { $ref: `../../schemas/${schema}/v${schemaVersions(schema).length}.avsc` },
        },
      }

const channelEventHeaderSchema = {
  type: 'object',
  description: 'of raw deliveries, which the gateway writes; a connector needs none',
  properties: Object.fromEntries(Object.values(channelEventHeaders).map((name) => [name, { type: 'string' }])),
}

const messageOf = (name: string, spec: TopicSpec) => ({
  name,
  contentType: spec.schema === null ? 'application/octet-stream' : 'application/vnd.confluent.avro',
  ...payloadOf(spec),
  ...(spec === topics.channelEvents ? { headers: channelEventHeaderSchema } : {}),
})

const channelOf = (name: string, spec: TopicSpec) => ({
  address: spec.name,
  description: `${spec.holds}; key: ${spec.key}`,
  messages: { [name]: messageOf(name, spec) },
  bindings: {
    kafka: {
      topic: spec.name,
      partitions: spec.partitions,
      topicConfiguration: {
        'cleanup.policy': spec.cleanup.split(','),
        'retention.ms': spec.retentionMs,
        ...(spec.maxMessageBytes === undefined ? {} : { 'max.message.bytes': spec.maxMessageBytes }),
      },
      bindingVersion: '0.5.0',
    },
  },
})

/** Connectors write one topic; whoever measures reads the outcomes. */
const operations = {
  produceMessageEvents: {
    action: 'receive',
    channel: { $ref: '#/channels/channelEvents' },
    summary:
      'Connectors produce message events here, keyed by the account, with the partitioner murmur2 (docs/connectors/kafka.md)',
  },
  readDeliveries: {
    action: 'send',
    channel: { $ref: '#/channels/deliveries' },
    summary: 'One outcome per signal, for measuring',
  },
}

export const asyncApi = (): object => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Messaging Signals: topics',
    version: '1.0.0',
    description:
      "Values are Avro in the registry's wire format, subject `<topic>-value`, compatibility FULL_TRANSITIVE. Times are milliseconds since the Unix epoch.",
  },
  defaultContentType: 'application/vnd.confluent.avro',
  channels: Object.fromEntries(
    Object.entries(topics).map(([name, spec]) => [name, channelOf(name, spec as TopicSpec)]),
  ),
  operations,
})
