/** What ingest lets in of a conversation and what not, by the stage itself, and what is explained of it. */
import { deadLetterTopic, quarantineTopic } from '../../../../services/derived-topics.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import type { ConversationExplanation } from '../../../../services/tools/explain/explanation.ts'
import { idHint } from '../../../../services/tools/explain/explanation-text.ts'
import { topics } from '../../../../services/topology.ts'
import { account, chat, explain, textOf } from '../../../support/explain.ts'
import { openMemoryDispatch } from '../../../support/memory-dispatch.ts'
import { openMemoryPipeline } from '../../../support/memory-pipeline.ts'

const person = '5215550001111'
const first = ({ received }: ConversationExplanation) => received.map(({ outcome, reason }) => `${outcome} ${reason}`)

const written = (id: string, text = 'hola') => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: 'waba',
      changes: [
        {
          field: 'messages',
          value: {
            messaging_product: 'whatsapp',
            metadata: { phone_number_id: account },
            messages: [{ from: person, id, timestamp: '1795436400', type: 'text', text: { body: text } }],
          },
        },
      ],
    },
  ],
})

describe('what came of a conversation', () => {
  it('is named by its delivery', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.delivery('whatsapp', written('wamid.1'))
    expect(first(await explain(pipeline))).toEqual(['let_in null'])
    expect(await textOf(pipeline)).toMatch(/signal conversation[\s\S]*received as whatsapp, channel-events\.v1\/\d\/0/)
    expect((await explain(pipeline, { messageId: 'wamid.1' })).messages).toHaveLength(1)
  })

  it('names a second delivery of a message, and the one that counts', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.delivery('whatsapp', written('wamid.1'))
    await pipeline.delivery('whatsapp', written('wamid.1'))
    const { received } = await explain(pipeline)
    expect(received.map(({ reason }) => reason)).toEqual([null, 'duplicate'])
    expect(received[1]?.firstCopy).toEqual({ delivery: received[0]?.delivery, source: 'whatsapp' })
  })

  it('names the other feed by which a message counts', async () => {
    const pipeline = await openMemoryPipeline()
    const partner = { source: 'respondio', accountId: 'workspace-1' }
    pipeline.connect({ connectionId: 'acme-respond', ...partner })
    await pipeline.event({ ...partner, conversationId: 'c-77', messageId: 'r-1', channelMessageId: 'wamid.1' })
    await pipeline.event({ messageId: 'wamid.1' })
    const found = await explain(pipeline)
    expect(first(found)).toEqual(['dropped duplicate'])
    expect(await textOf(pipeline)).toMatch(
      /dropped: a copy of it came first, and counts \(message-event, channel-events/,
    )
    expect(found.messages).toEqual([])
  })

  it('names a referral that only the second copy had', async () => {
    const pipeline = await openMemoryPipeline()
    const partner = { source: 'respondio', accountId: 'workspace-1' }
    pipeline.connect({ connectionId: 'acme-respond', ...partner })
    await pipeline.event({ ...partner, conversationId: 'c-77', messageId: 'r-1', channelMessageId: 'wamid.1' })
    const nothing = { ref: null, adId: null, advertiserId: null, clickId: null, url: null }
    await pipeline.event({ messageId: 'wamid.1', referral: { ...nothing, source: 'tiktok_ad', ref: 'E.C.P.1' } })
    expect(first(await explain(pipeline))).toEqual(['dropped duplicate_with_referral'])
  })

  it('names what came before the connection was there', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1' })
    pipeline.connect({ connectedAt: pipeline.now() + 1_000 })
    expect(await textOf(pipeline)).toMatch(/dropped: it came before the connection was authorised/)
  })

  it('names what came for a person who was forgotten', async () => {
    const pipeline = await openMemoryPipeline()
    const { markOf } = await import('../../../../services/shared/persons/suppressions.ts')
    const conversation = pipeline.keyring.pseudonym('conversation', 'whatsapp', account, chat)
    const record = { source: 'whatsapp', connectionId: null, suppressedAt: 1, actor: 'ana' }
    pipeline.suppressions.apply(markOf(conversation, pipeline.keyring), record)
    await pipeline.event({ messageId: 'wamid.1' })
    expect(await textOf(pipeline)).toMatch(
      /^the person was forgotten on request[\s\S]*dropped: the person was forgotten/,
    )
  })

  it('names what ingest ignores in a delivery that names the person', async () => {
    const pipeline = await openMemoryPipeline()
    const status = { id: 'wamid.9', status: 'read', recipient_id: person, timestamp: '1795436400' }
    const body = written('wamid.1')
    Object.assign(body.entry[0]?.changes[0]?.value ?? {}, { messages: undefined, statuses: [status] })
    await pipeline.delivery('whatsapp', body)
    expect(first(await explain(pipeline))).toEqual(['dropped ignored_status'])
    expect(await textOf(pipeline)).toMatch(/delivery that names it\n {2}ingest ignores|dropped: ingest ignores events/)
  })

  it('names what ingest could not read, with the code of the dead letter', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.delivery('whatsapp', `{"from": "${person}"`)
    await pipeline.event({ messageId: 'wamid.2', occurredAt: 17 })
    const found = first(await explain(pipeline))
    expect(found).toEqual(['dead_letter delivery_unreadable', 'dead_letter event_invalid'])
    const text = await textOf(pipeline)
    expect(text).toMatch(/dead letter at ingest: delivery_unreadable/)
    expect(text).toMatch(/dead letter at ingest: event_invalid: occurredAt: /)
  })

  it('names what was put aside with its account', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1' })
    const [record] = pipeline.cluster.records(topics.channelEvents.name)
    const origin = `${record?.topic}/${record?.partition}/${record?.offset}`
    await pipeline.producer.send([
      { topic: quarantineTopic, key: 'k', value: null, headers: { origin, code: 'quarantined' } },
    ])
    pipeline.quarantine(`whatsapp/${account}`)
    expect(first(await explain(pipeline))).toEqual(['quarantined quarantined'])
    expect(await textOf(pipeline)).toMatch(/^the account is in quarantine since/)
  })

  it('names a record that ended ingest', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1' })
    const [record] = pipeline.cluster.records(topics.channelEvents.name)
    const origin = `${record?.topic}/${record?.partition}/${record?.offset}`
    const letter = { topic: deadLetterTopic('ingest'), key: 'k', value: null, headers: { origin, code: 'poison' } }
    await pipeline.producer.send([letter])
    expect(first(await explain(pipeline))).toEqual(['dead_letter poison'])
  })

  it('says of a message that it was let in beside another item that could not be mapped', async () => {
    const pipeline = await openMemoryPipeline()
    const body = written('wamid.1')
    const [message] = body.entry[0]?.changes[0]?.value.messages ?? []
    body.entry[0]?.changes[0]?.value.messages.push({ ...message, from: undefined, id: 'wamid.2' } as never)
    await pipeline.delivery('whatsapp', body)
    const [record] = pipeline.cluster.records(topics.channelEvents.name)
    const origin = `${record?.topic}/${record?.partition}/${record?.offset}`
    const letter = {
      topic: deadLetterTopic('ingest'),
      key: 'k',
      value: null,
      headers: { origin, code: 'item_unmappable' },
    }
    await pipeline.producer.send([letter])
    expect(first(await explain(pipeline))).toEqual(['let_in null'])
    expect((await explain(pipeline)).messages[0]?.reason).toBeNull()
  })

  it('names a message that ended attribution', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1' })
    const [record] = pipeline.cluster.records(topics.messages.name)
    const origin = `${record?.topic}/${record?.partition}/${record?.offset}`
    const letter = { topic: deadLetterTopic('attribution'), key: 'k', value: null, headers: { origin, code: 'poison' } }
    await pipeline.producer.send([letter])
    expect(await textOf(pipeline)).toMatch(/dead letter past ingest: poison/)
  })

  it('names a signal that dispatch could not process, until it is redriven', async () => {
    const pipeline = await openMemoryPipeline()
    const dispatching = openMemoryDispatch(pipeline)
    await pipeline.event({ messageId: 'wamid.1' })
    const [record] = pipeline.cluster.records(topics.signals.name)
    const origin = `${record?.topic}/${record?.partition}/${record?.offset}`
    const codec = await Codec.open(pipeline.registry, Date, [], [deadLetterTopic('dispatch')])
    const value = codec.encodeDeadLetter({
      ...{ stage: 'dispatch', code: 'bytes_invalid', detail: 'the value does not decode', items: [], attempt: 1 },
      ...{
        failedAt: 1,
        topic: 'signals.v1',
        partition: 0,
        offset: 0,
        timestamp: 1,
        keyId: 'k',
        original: Buffer.of(1),
      },
    })
    const letter = { topic: deadLetterTopic('dispatch'), key: 'k', value, headers: { origin, code: 'bytes_invalid' } }
    await pipeline.producer.send([letter])
    const text = await textOf(pipeline)
    expect(text).toMatch(/signal conversation: dead_letter \(bytes_invalid, the value does not decode\)/)
    await dispatching.run('accepts')
    expect(await textOf(pipeline)).toMatch(/signal conversation: accepted/)
  })

  it('says how ids begin to those who name the person alone', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1' })
    const found = await explain(pipeline, { conversationId: person })
    expect(idHint(found, account, person).join()).toContain(`--conversation ${account}:ID`)
    expect(idHint(found, account, `${account}:${person}`)).toEqual([])
    expect(idHint(await explain(pipeline), account, person)).toEqual([])
  })

  it.each([
    ['of its keys alone, where all comes by the gateway', ['gateway'], 'whatsapp', 2],
    ['of the whole topic, where a connector writes too', ['gateway', 'account'], 'whatsapp', 6],
    ['of the whole topic, where what it looks for is not under its keys', ['gateway'], null, 6],
  ] as const)('reads the partitions %s', async (_which, used, connectionId, most) => {
    const pipeline = await openMemoryPipeline()
    // An empty partition may be one that was added.
    for (let n = 0; n < 40; n++) await pipeline.event({ messageId: `n${n}`, conversationId: `${account}:${n}` })
    await pipeline.delivery('whatsapp', written('wamid.1'), { connectionId: connectionId && 'acme-wa' })
    const read = new Set<number>()
    const { broker } = pipeline
    const reader = {
      offsetsAt: broker.offsetsAt.bind(broker),
      partitionOf: broker.partitionOf.bind(broker),
      timestamps: broker.timestamps.bind(broker),
      read: (topic: string, ranges: Parameters<typeof broker.read>[1], take: () => void) => {
        if (topic === topics.channelEvents.name) for (const { partition } of ranges) read.add(partition)
        return broker.read(topic, ranges, take)
      },
    }
    const ways = async () => used
    const found = await explain({ ...pipeline, broker: reader, ways } as unknown as typeof pipeline)
    expect(found.received.map(({ outcome }) => outcome)).toEqual(['let_in'])
    expect(read.size).toBeLessThanOrEqual(most)
    if (most === 6) expect(read.size).toBe(6)
  })

  it('opens no delivery of another connection, and shows none of its ids', async () => {
    const pipeline = await openMemoryPipeline()
    pipeline.connect({ connectionId: 'rival', source: 'whatsapp', accountId: 'rival-account', tenantId: 'rival' })
    await pipeline.event({ accountId: 'rival-account', conversationId: chat, messageId: 'wamid.1' })
    const body = JSON.stringify(written('wamid.2')).replaceAll(account, 'rival-account')
    await pipeline.delivery('whatsapp', body, { connectionId: 'rival' })
    const opened: string[] = []
    const envelopes = {
      open: (...args: Parameters<typeof pipeline.envelopes.open>) => {
        opened.push(args[0])
        return pipeline.envelopes.open(...args)
      },
    }
    const found = await explain({ ...pipeline, envelopes } as unknown as typeof pipeline)
    expect([found.received, found.messages, opened]).toEqual([[], [], []])
  })

  it('is explained also while Redis does not answer', async () => {
    const pipeline = await openMemoryPipeline()
    const { DependencyError } = await import('../../../../services/runtime/ports.ts')
    await pipeline.delivery('whatsapp', written('wamid.1'))
    const away = { read: () => Promise.reject(new DependencyError('redis', 'away')) }
    const buckets = { event: away, crossSource: away }
    const found = { ...pipeline, buckets, store: away } as unknown as typeof pipeline
    expect(await textOf(found)).toMatch(/signal conversation[\s\S]*copies of messages are not recognised/)
  })

  it('finds the conversation to which a label of a contact was given', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1', contactId: 'contact-7' })
    const label = { kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null } as const
    const outcome = { name: 'won', value: null, currency: null, reference: null }
    await pipeline.event({ ...label, messageId: 'l-1', conversationId: 'contact-7', contactId: 'contact-7', outcome })
    const found = await explain(pipeline, { messageId: 'l-1' })
    expect(found.messages.map(({ kind }) => kind)).toEqual(['message', 'outcome'])
    expect(first(found)).toEqual(['let_in null'])
  })

  it('shows texts and names of outcomes only when asked to', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'wamid.1', text: 'zanahoria' })
    const outcome = { name: 'remolacha', value: null, currency: null, reference: null }
    const label = { kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null } as const
    await pipeline.event({ ...label, messageId: 'l-1', outcome })
    const plain = await explain(pipeline)
    expect(JSON.stringify(plain)).not.toMatch(/zanahoria|remolacha|5215550001111|wamid/)
    expect(await textOf(pipeline, { showText: true })).toMatch(/content: "zanahoria"[\s\S]*content: "remolacha"/)
  })
})
