import { whatsappAccount } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import type { Broker, Producer } from '../../services/runtime/ports.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import { messageEvent } from '../support/builders.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

const topic = 'channel-events.v1'
const conversations = 60
const token = 'a-token-of-a-connector-in-this-test'

/** Real processes: a connector sends referrals and messages by different ways in, of which each has its own order. */
describe('referrals and messages by two ways in', () => {
  let world: World
  let broker: Broker
  let producer: Producer
  let n = 0

  beforeAll(async () => {
    world = await openWorld({ INGEST_TOKEN: token })
    await connectTwo(world)
    broker = openBroker(kafkaSettingsOf(process.env, world.pipeline.ready.brokers, 'test'))
    producer = await broker.producer()
  }, 120_000)
  afterAll(async () => {
    await producer?.close()
    await broker?.close()
    await world?.stop()
  }, 60_000)

  const byHttp = async (events: readonly MessageEvent[]) => {
    const response = await fetch(`${world.pipeline.ready.gateway}/v1/message-events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"stored"')])
  }
  const byKafka = (keyOf: (event: MessageEvent) => string | null) => (events: readonly MessageEvent[]) =>
    producer.send(events.map((event) => ({ topic, key: keyOf(event), value: Buffer.from(JSON.stringify(event)) })))

  const http = { name: 'over HTTP', send: byHttp }
  const keyed = { name: 'by Kafka keyed by account', send: byKafka(({ accountId }) => accountId) }
  const unkeyed = { name: 'by Kafka without a key', send: byKafka(() => null) }
  // The last one is not covered for a connection that never used Kafka before; here it did.
  const mixes = [
    [http, keyed],
    [http, unkeyed],
    [unkeyed, unkeyed],
    [unkeyed, keyed],
    [keyed, http],
  ] as const
  const cases = mixes.flatMap(([referrals, messages]) =>
    ['without', 'with'].map((backlog) => ({ referrals, messages, backlog, hasBacklog: backlog === 'with' })),
  )

  it.each(cases)(
    'credits 60 of 60: referrals $referrals.name, messages $messages.name, $backlog a backlog of ingest',
    async ({ referrals, messages, hasBacklog }) => {
      const before = (await world.arrived()).length
      const round = ++n
      const at = Date.now()
      const of = (person: number, fields: Partial<MessageEvent>) =>
        messageEvent({ accountId: whatsappAccount, conversationId: `${round}:${person}`, text: 'hola', ...fields })
      const people = Array.from({ length: conversations }, (_, person) => person)
      const ad = { source: 'tiktok_ad', ref: null, advertiserId: null, clickId: null, url: null } as const
      const referral = (person: number) => {
        const adId = String(round * 1_000_000 + person)
        const id = { messageId: `r.${round}.${person}`, kind: 'referral', text: null } as const
        return of(person, { ...id, occurredAt: at - 1_000, referral: { ...ad, adId } })
      }
      const message = (person: number) => of(person, { messageId: `m.${round}.${person}`, occurredAt: at })
      const ingest = world.pipeline.ready.pids.ingest as number
      if (hasBacklog) process.kill(ingest, 'SIGSTOP')
      for (const person of people) {
        await referrals.send([referral(person)])
        await messages.send([message(person)])
      }
      if (hasBacklog) process.kill(ingest, 'SIGCONT')
      const events = (await world.arrivedCount(before + conversations)).slice(before)
      const credited = new Set(events.map(({ user }) => user.ttclid))
      expect(people.filter((person) => credited.has(String(round * 1_000_000 + person)))).toHaveLength(conversations)
    },
    120_000,
  )
})
