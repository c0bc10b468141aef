import { promptBroker } from '../../../../services/runtime/adapters/prompt-broker.ts'
import type { Broker } from '../../../../services/runtime/ports.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const open = (describe: Broker['describe']) => {
  const clock = new FakeClock()
  const asked: string[] = []
  const broker = {
    describe: () => {
      asked.push('describe')
      return describe()
    },
    listTopics: async () => {
      asked.push('listTopics')
      return []
    },
    close: async () => void asked.push('close'),
  } as unknown as Broker
  return { clock, asked, broker: promptBroker(broker, 'kafka-1:9092', clock) }
}

describe('a command', () => {
  it('asks once whether Kafka answers', async () => {
    const { clock, asked, broker } = open(async () => ({ nodes: 1, lacking: [] }))
    await broker.listTopics()
    await broker.listTopics()
    expect(asked).toEqual(['describe', 'listTopics', 'listTopics'])
    expect(clock.pending).toBe(0)
  })

  it('gives up after 5 s without an answer, and names the brokers', async () => {
    const { clock, asked, broker } = open(() => new Promise(() => {}))
    const listing = expect(broker.listTopics()).rejects.toThrow(/^Kafka: kafka-1:9092 does not answer within 5 s: /)
    await clock.advance(5_000)
    await listing
    await broker.close()
    expect(asked).toEqual(['describe', 'close'])
  })

  it('says what went wrong as the client does', async () => {
    const { broker } = open(() => Promise.reject(new Error('refused')))
    await expect(broker.listTopics()).rejects.toThrow('refused')
  })
})
