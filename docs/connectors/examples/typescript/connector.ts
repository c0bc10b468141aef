/** Hands over a referral and the message that follows it: `node connector.ts http` or `node connector.ts kafka`. */
import { compatibilityPartitioner, ProduceAcks, Producer } from '@platformatic/kafka'
import avro from 'avsc'

const setting = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`set ${name}`)
  return value
}

const accountId = setting('ACCOUNT_ID')
const conversationId = `${accountId}:${setting('CONVERSATION')}`
const now = Date.now()
const common = {
  source: 'whatsapp',
  accountId,
  channel: 'whatsapp',
  conversationId,
  direction: 'inbound',
  sender: 'user',
  timeSource: 'event',
}
const events = [
  {
    ...common,
    messageId: `${conversationId}:referral`,
    kind: 'referral',
    occurredAt: now - 1000,
    referral: { source: 'tiktok_ad', clickId: 'E.C.P.example-1' },
  },
  {
    ...common,
    messageId: `${conversationId}:1`,
    kind: 'message',
    occurredAt: now,
    text: 'ya hice el pago',
    textOrigin: 'typed',
  },
]

const byHttp = async () => {
  // 503 and a lost answer are tried again in a real connector: an event counts once.
  const answer = await fetch(`${setting('GATEWAY')}/v1/message-events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${setting('INGEST_TOKEN')}`, 'content-type': 'application/json' },
    body: JSON.stringify(events),
  })
  console.log(await answer.text())
  if (!answer.ok) process.exitCode = 1
}

/** The registry's wire format: a zero byte, the schema's id, the Avro bytes. */
const serialiser = async (subject: string) => {
  const answer = await fetch(`${setting('SCHEMA_REGISTRY_URL')}/subjects/${subject}/versions/latest`)
  if (!answer.ok) throw new Error(`the registry answered ${answer.status} for ${subject}`)
  const { id, schema } = (await answer.json()) as { id: number; schema: string }
  const type = avro.Type.forSchema(JSON.parse(schema))
  const header = Buffer.alloc(5)
  header.writeInt32BE(id, 1)
  return (value: object) => Buffer.concat([header, type.toBuffer(value)])
}

const byKafka = async () => {
  const topic = 'channel-events.v1'
  const serialise = await serialiser(`${topic}-value`)
  const producer = new Producer<string, Buffer, string, string>({
    clientId: 'connector-example',
    bootstrapBrokers: setting('KAFKA_BROKERS').split(','),
    partitioner: compatibilityPartitioner,
    idempotent: true,
    acks: ProduceAcks.ALL,
    serializers: { key: (key) => Buffer.from(key ?? ''), value: (value) => value },
  })
  const nothing = { ref: null, adId: null, advertiserId: null, clickId: null, url: null }
  for (const event of events) {
    const referral = event.referral ? { ...nothing, ...event.referral } : null
    await producer.send({ messages: [{ topic, key: accountId, value: serialise({ ...event, referral }) }] })
  }
  await producer.close()
  console.log(`stored ${events.length} events`)
}

await (process.argv[2] === 'kafka' ? byKafka() : byHttp())
