import { touchesRecordOf } from '../../../../services/attribution/state/record.ts'
import { emptyState } from '../../../../services/attribution/state/state.ts'
import { sealContent } from '../../../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { markOf, Suppressions } from '../../../../services/shared/persons/suppressions.ts'
import { exportPerson } from '../../../../services/tools/persons/export.ts'
import { forgetPerson } from '../../../../services/tools/persons/forget.ts'
import { parsePerson } from '../../../../services/tools/persons/person.ts'
import { replayTopic, topics } from '../../../../services/topology.ts'
import { connectionRecord, deliveryOf, message, noon, signal, testKeyring } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryConversationStore } from '../../../support/memory-conversation-store.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const person = { source: 'whatsapp', accountId: '106540352242922', conversationId: '106540352242922:5215550001' }

const openPipeline = async () => {
  const cluster = new MemoryCluster()
  cluster.now = () => noon
  const broker = cluster.open()
  const names = [...Object.values(topics).map(({ name }) => name), replayTopic]
  await broker.createTopics(names.map((name) => ({ name, partitions: 1, config: {} })))
  const codec = await Codec.open(new MemoryRegistry())
  const keyring = await testKeyring()
  const producer = await broker.producer()
  const directory = new ConnectionDirectory()
  const dataKey = keyring.newDataKey('acme-wa')
  directory.apply('acme-wa', connectionRecord({ dataKey }))
  const states = new MemoryConversationStore()
  const store = {
    read: (ids: readonly string[]) => states.read(ids),
    erase: async (entries: readonly { readonly conversation: string }[]) =>
      entries.filter(({ conversation }) => states.values.delete(conversation)).length,
  }
  const ruleStates = { erase: async () => 0 }
  const pseudonym = (id: string) => keyring.pseudonym('conversation', person.source, person.accountId, id)
  const slept: (() => Promise<void>)[] = []
  const clock = new FakeClock(noon, { skipSleeps: true })
  const tools = {
    ...{ broker, codec, keyring, producer, directory, store, ruleStates },
    clock: {
      now: () => clock.now(),
      sleep: async (ms: number) => {
        await slept.shift()?.()
        await clock.sleep(ms)
      },
    },
  }
  const remember = async (conversation: string, aliases: readonly string[] = []) => {
    const state = { ...emptyState, version: 1, aliases }
    const value = codec.encode('touches', touchesRecordOf(conversation, state, 'acme-wa'))
    await producer.send([{ topic: topics.touches.name, key: conversation, value }])
    await states.write([{ conversation, state, basedOn: 0 }])
  }
  return {
    ...{ tools, pseudonym, remember, slept, states, keyring, producer, codec, dataKey },
    /** Files of the pipeline that hold these bytes, as text or raw. */
    holders: (id: string) => {
      const forms = [Buffer.from(id), Buffer.from(id, 'hex')]
      const holds = (bytes: Buffer | string | null) =>
        bytes !== null && forms.some((form) => Buffer.from(bytes).includes(form))
      const last = (topic: string) => [
        ...new Map(cluster.records(topic).map((record) => [record.key, record])).values(),
      ]
      return [
        // Compaction leaves the last record of each key, and in the end no tombstone.
        ...names.filter((name) => last(name).some(({ key, value }) => value !== null && (holds(key) || holds(value)))),
        ...[...states.values].flatMap(([key, value]) => (key === id || holds(value) ? ['redis'] : [])),
      ]
    },
    marks: () => {
      const suppressions = new Suppressions(keyring)
      for (const record of cluster.records(topics.suppressions.name))
        suppressions.apply(record.key as string, codec.decode('suppressions', record))
      return suppressions
    },
  }
}

describe('a person who is forgotten', () => {
  it('is found nowhere by the pseudonyms, under any id of the conversation; others stay', async () => {
    const world = await openPipeline()
    const [own, alias, other] = [person.conversationId, 'bsuid', 'another'].map(world.pseudonym) as [
      string,
      string,
      string,
    ]
    await world.remember(own, [alias])
    await world.remember(alias, [own])
    await world.remember(other)
    expect([own, alias, other].map(world.holders)).toEqual([
      ['touches.v1', 'redis', 'redis'],
      ['touches.v1', 'redis', 'redis'],
      ['touches.v1', 'redis'],
    ])
    const receipt = await forgetPerson(person, 'ada', world.tools)
    expect([own, alias, other].map(world.holders)).toEqual([[], [], ['touches.v1', 'redis']])
    expect(receipt).toMatchObject({ source: 'whatsapp', connectionId: 'acme-wa', erased: 2 })
    expect(receipt.marks).toEqual([own, alias].map((id) => markOf(id, world.keyring)))
    expect(JSON.stringify(receipt)).not.toMatch(/5215550001|bsuid/)
    for (const id of [own, alias]) expect(JSON.stringify(receipt)).not.toContain(id)
  })

  it('stays suppressed, also without any state, and nobody else is', async () => {
    const world = await openPipeline()
    await forgetPerson(person, 'ada', world.tools)
    const marks = world.marks()
    const own = world.pseudonym(person.conversationId)
    expect([marks.has(own), marks.hasMark(markOf(own, world.keyring))]).toEqual([true, true])
    expect([marks.has(world.pseudonym('another')), marks.hasMark(undefined)]).toEqual([false, false])
  })

  it('is erased again where a batch under way has written once more', async () => {
    const world = await openPipeline()
    const own = world.pseudonym(person.conversationId)
    await world.remember(own)
    // The first sweep comes before the batch's last write.
    world.slept.push(
      async () => {},
      () => world.remember(own),
    )
    await forgetPerson(person, 'ada', world.tools)
    expect(world.holders(own)).toEqual([])
  })

  it('is told what is left, and until when', async () => {
    const world = await openPipeline()
    const { remains } = await forgetPerson(person, 'ada', world.tools)
    expect(remains.map(({ where }) => where)).toContain('channel-events.v1')
    const days = remains.map(({ until }) => (Date.parse(until) - noon) / 86_400_000)
    // The notes of contacts; all else goes within a month.
    expect(Math.max(...days)).toBeCloseTo(40, 1)
    expect(remains.find(({ where }) => where === 'Redis contact')).toBeDefined()
  })
})

describe('a person who asks', () => {
  it('gets the state, the messages with their words, the signals and what TikTok answered; nothing of others', async () => {
    const world = await openPipeline()
    const { codec, keyring, producer, dataKey, pseudonym } = world
    const own = pseudonym(person.conversationId)
    await world.remember(own)
    const messageOf = (conversation: string, id: string) =>
      message({
        conversation,
        message: id,
        content: sealContent(
          { text: `words of ${id}`, links: [], referral: null },
          keyring.connectionKey('acme-wa', dataKey),
          id,
        ),
      })
    const signalOf = (conversation: string, id: string) =>
      signal({ signalId: keyring.signalId('acme-wa', conversation, id, 'keyword'), kind: 'keyword' })
    for (const [conversation, id] of [
      [own, 'a0'.repeat(16)],
      [pseudonym('another'), 'b0'.repeat(16)],
    ] as const) {
      const raised = signalOf(conversation, id)
      await producer.send([
        {
          topic: topics.messages.name,
          key: conversation,
          value: codec.encode('messages', messageOf(conversation, id)),
        },
        { topic: topics.signals.name, key: 'acme-wa', value: codec.encode('signals', raised) },
        { topic: topics.deliveries.name, key: 'acme-wa', value: codec.encode('deliveries', deliveryOf(raised)) },
      ])
    }
    const outcome = signal({ signalId: 'cc'.repeat(16), kind: 'outcome', event: 'Purchase' })
    await producer.send([
      {
        topic: topics.signals.name,
        key: 'acme-wa',
        value: codec.encode('signals', outcome),
        headers: { 'suppression-mark': markOf(own, keyring) },
      },
    ])
    const found = await exportPerson(person, world.tools)
    expect(found).toMatchObject({
      ...{ source: 'whatsapp', connectionId: 'acme-wa', pseudonyms: [own] },
      touches: [{ conversation: own }],
      state: [{ version: 1 }],
      messages: [{ content: { text: `words of ${'a0'.repeat(16)}` } }],
      deliveries: [{ outcome: 'accepted' }],
    })
    expect(found.signals.map(({ signalId }) => signalId)).toEqual([
      signalOf(own, 'a0'.repeat(16)).signalId,
      outcome.signalId,
    ])
    expect(JSON.stringify(found)).not.toContain('b0'.repeat(16))
  })

  it('gets by one tenant nothing of the account’s time with another', async () => {
    const world = await openPipeline()
    const { codec, keyring, producer, pseudonym, tools } = world
    const own = pseudonym(person.conversationId)
    const before = { connectionId: 'before', tenantId: 'other', status: 'disconnected', dataKey: null } as const
    tools.directory.apply('before', connectionRecord(before))
    for (const connectionId of ['before', 'acme-wa']) {
      const raised = signal({
        connectionId,
        signalId: keyring.signalId(connectionId, own),
        trackingId: `of-${connectionId}`,
      })
      const headers = { 'suppression-mark': markOf(own, keyring) }
      const sent = { key: own, value: codec.encode('messages', message({ connectionId, conversation: own })) }
      await producer.send([
        { topic: topics.messages.name, ...sent },
        { topic: topics.signals.name, key: connectionId, value: codec.encode('signals', raised), headers },
        { topic: topics.deliveries.name, key: connectionId, value: codec.encode('deliveries', deliveryOf(raised)) },
      ])
    }
    const { tenantId } = connectionRecord()
    const found = await exportPerson(person, tools, tenantId)
    for (const records of [found.messages, found.signals, found.deliveries])
      expect(records.map(({ connectionId }) => connectionId)).toEqual(['acme-wa'])
    expect(JSON.stringify(found)).not.toContain('before')
    expect((await exportPerson(person, tools)).signals).toHaveLength(2)
  })
})

describe('the ids of a person', () => {
  it.each([
    [{ ...person, source: 'Whats App' }, /^source: /],
    [{ ...person, accountId: '' }, /^accountId: /],
    [{ source: 'whatsapp', accountId: '1' }, /^conversationId: /],
    [{ ...person, phone: '5215550001' }, /the fields source, accountId and conversationId only/],
    [null, /^source: /],
  ])('are refused by the name of the field, without a value', (input, expected) => {
    expect(() => parsePerson(input)).toThrow(expected)
    expect(() => parsePerson(input)).not.toThrow(/5215550001/)
  })
})
