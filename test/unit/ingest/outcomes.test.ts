import { openOutcome } from '../../../services/runtime/keys/sealed-content.ts'
import type { MessageEvent } from '../../../services/shared/model/message-event.ts'
import type { Message } from '../../../services/shared/model/topic-values.ts'
import { markOf } from '../../../services/shared/persons/suppressions.ts'
import { messageEvent, noon } from '../../support/builders.ts'
import { labels, messages, openIngest } from '../../support/ingest-world.ts'

const label = (fields: Partial<MessageEvent> = {}): Partial<MessageEvent> => ({
  ...{ kind: 'outcome', direction: 'outbound', sender: 'agent', text: null, textOrigin: null, messageId: 'label-1' },
  outcome: { name: 'Muy calificado', value: '149000.50', currency: 'IDR', reference: 'CRM-4711' },
  ...fields,
})
const only = (found: readonly Message[]): Message => found[0] as Message

describe('an outcome', () => {
  it('is sealed: neither name, value nor reference is in the clear', async () => {
    const { run, eventRecord, keyring, dataKey, codec } = await openIngest()
    const message = only(messages(await run(eventRecord(label()))))
    const bytes = codec.encode('messages', message).toString('latin1')
    for (const secret of ['calificado', '149000', 'IDR', 'CRM-4711']) expect(bytes).not.toContain(secret)
    const key = keyring.connectionKey('acme-wa', dataKey)
    expect({ ...openOutcome(message.outcome as Buffer, key, message.message) }).toEqual(label().outcome)
    expect(message).toMatchObject({ kind: 'outcome', content: null, hasText: false })
  })

  it('opens as the outcome of its own message only', async () => {
    const { run, eventRecord, keyring, dataKey } = await openIngest()
    const { outcome } = only(messages(await run(eventRecord(label()))))
    expect(() => openOutcome(outcome as Buffer, keyring.connectionKey('acme-wa', dataKey), 'b0'.repeat(16))).toThrow()
  })

  it('counts once, and beside a message of the same id', async () => {
    const { run, eventRecord } = await openIngest()
    const records = [label(), label(), { messageId: 'label-1' }, label({ messageId: 'label-2' })].map(eventRecord)
    expect(labels(await run(...records))).toEqual(['forwarded', 'duplicate', 'forwarded', 'forwarded'])
  })

  it('without a name becomes a dead letter that names the field', async () => {
    const { run, eventRecord } = await openIngest()
    await expect(run(eventRecord(label({ outcome: null })))).rejects.toThrow('outcome: is required for kind outcome')
  })

  it('reaches ingest as Avro too', async () => {
    const { run, recordOf, codec } = await openIngest()
    const value = codec.encode('channelEvents', messageEvent(label()) as never)
    expect(labels(await run(recordOf({ value })))).toEqual(['forwarded'])
  })
})

describe('an outcome without a thread', () => {
  const written = (conversationId: string, occurredAt: number): Partial<MessageEvent> => ({
    ...{ conversationId, occurredAt, contactId: '77', messageId: `in ${conversationId}`, channel: 'whatsapp' },
  })
  const loose = label({ conversationId: '77', contactId: '77', channel: 'other' })

  it('belongs to the conversation in which its contact wrote last', async () => {
    const { run, eventRecord } = await openIngest()
    const chats = messages(
      await run(
        eventRecord(written('77:a', noon - 9)),
        eventRecord(written('77:b', noon - 5)),
        eventRecord(written('77:c', noon - 7)),
      ),
    )
    const found = only(messages(await run(eventRecord(loose))))
    expect(found).toMatchObject({ conversation: chats[1]?.conversation, channel: 'whatsapp', kind: 'outcome' })
  })

  it('finds it within the same batch', async () => {
    const { run, eventRecord } = await openIngest()
    const [chat, found] = messages(await run(eventRecord(written('77:a', noon)), eventRecord(loose)))
    expect(found?.conversation).toBe(chat?.conversation)
  })

  it('is ignored as the contact’s where there is none, or where only the account wrote', async () => {
    const { run, eventRecord } = await openIngest()
    await run(eventRecord({ ...written('77:a', noon), direction: 'outbound', sender: 'agent' }))
    expect(labels(await run(eventRecord(loose)))).toEqual(['ignored_contact'])
  })

  it('is not given to the contact of another account', async () => {
    const { run, eventRecord, connect } = await openIngest()
    connect({ connectionId: 'other', accountId: 'other', connectedAt: 0 })
    await run(eventRecord({ ...written('77:a', noon), accountId: 'other' }))
    expect(labels(await run(eventRecord(loose)))).toEqual(['ignored_contact'])
  })

  it('is dropped where that conversation was forgotten', async () => {
    const { run, eventRecord, suppressions, keyring } = await openIngest()
    const chat = only(messages(await run(eventRecord(written('77:a', noon)))))
    const record = { source: 'whatsapp', connectionId: null, suppressedAt: noon, actor: 'x' }
    suppressions.apply(markOf(chat.conversation, keyring), record)
    expect(labels(await run(eventRecord(loose)))).toEqual(['suppressed'])
  })

  it('knows nothing of what its contact wrote under an earlier consent', async () => {
    const { run, eventRecord, recordOf, connect } = await openIngest()
    await run(eventRecord(written('77:a', noon)))
    connect({ connectionId: 'acme-wa', connectedAt: noon + 1, revision: 2 })
    const value = Buffer.from(JSON.stringify(messageEvent(loose)))
    expect(labels(await run(recordOf({ value, timestamp: noon + 2 })))).toEqual(['ignored_contact'])
  })

  it('joins no ids of its own with that conversation', async () => {
    const { run, eventRecord } = await openIngest()
    const found = messages(await run(eventRecord(written('77:a', noon)), eventRecord({ ...loose, aliases: ['88'] })))
    expect(found[1]?.aliases).toEqual([])
  })
})
