import { quarantineTopic } from '../../../../services/derived-topics.ts'
import { deadLetterRecord } from '../../../../services/runtime/batch/dead-letter.ts'
import { Codec } from '../../../../services/runtime/topics/codec.ts'
import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { loadSources } from '../../../../services/shared/sources/index.ts'
import { discard, putAside } from '../../../../services/tools/dead-letters/quarantine.ts'
import { topics } from '../../../../services/topology.ts'
import { consumedRecord, noon, testEnvelopes, testKeyring } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'

const openTools = async () => {
  const broker = new MemoryCluster().open()
  await broker.createTopics(
    [quarantineTopic, topics.redrives.name].map((name) => ({ name, partitions: 2, config: {} })),
  )
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry(), { now: () => noon }, undefined, [quarantineTopic])
  const envelopes = testEnvelopes(keyring)
  const producer = await broker.producer()
  const tools = {
    broker,
    codec,
    envelopes,
    directory: new ConnectionDirectory(),
    sources: loadSources(),
    prefix: 'acme.',
  }
  const put = async (account: string, count: number) => {
    for (let n = 0; n < count; n++) {
      const record = consumedRecord({ offset: BigInt(n), value: Buffer.from('hola') })
      const failure = { code: 'quarantined', detail: account } as const
      await producer.send([
        deadLetterRecord('ingest', { record, attempt: 1 }, { failure }, noon + n, { codec, keyring, envelopes }),
      ])
    }
  }
  return { tools, put, sending: { ...tools, producer, clock: new FakeClock(noon) } }
}
const counts = async (tools: Awaited<ReturnType<typeof openTools>>['tools']) =>
  Object.fromEntries(Array.from(await putAside(tools), ([account, records]) => [account, records.length]))

describe('what is put aside', () => {
  it('is counted by account, in the topic of its own', async () => {
    const { tools, put } = await openTools()
    await put('whatsapp/1', 3)
    await put('whatsapp/', 1)
    expect(await counts(tools)).toEqual({ 'whatsapp/1': 3, 'whatsapp/': 1 })
  })

  it('no longer waits once it is discarded', async () => {
    const { tools, put, sending } = await openTools()
    await put('whatsapp/1', 1_203)
    await put('line/2', 1)
    await discard((await putAside(tools)).get('whatsapp/1') ?? [], sending)
    expect(await counts(tools)).toEqual({ 'line/2': 1 })
  })
})
