import { prefixedBroker, prefixedRedis, prefixedRegistry } from '../../../../services/runtime/adapters/prefix.ts'
import {
  ConfigError,
  kafkaSettingsOf,
  redisSettingsOf,
  registrySettingsOf,
} from '../../../../services/runtime/config.ts'
import type { Broker, ConsumedRecord, RedisCommands, SchemaRegistry } from '../../../../services/runtime/ports.ts'
import { brokerContract } from '../../../support/broker.contract.ts'
import { noon } from '../../../support/builders.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'
import { MemoryRegistry } from '../../../support/memory-registry.ts'
import { registryContract } from '../../../support/registry.contract.ts'

const clock = new FakeClock(noon)
const openCluster = () => {
  const cluster = new MemoryCluster()
  cluster.now = clock.now
  cluster.after = clock.after
  return cluster
}

brokerContract('memory behind a prefix', async () => prefixedBroker(openCluster().open(), 'acme.'), clock)
registryContract('memory behind a prefix', () => prefixedRegistry(new MemoryRegistry(), 'acme.'))

describe('two pipelines on one cluster', () => {
  it('see each their own topics and groups only', async () => {
    const cluster = openCluster()
    const [one, two] = ['one.', 'two_'].map((prefix) => prefixedBroker(cluster.open(), prefix))
    for (const broker of [one, two]) await broker?.createTopics([{ name: 't', partitions: 1, config: {} }])
    const producer = await one?.producer()
    await producer?.send([{ topic: 't', key: 'k', value: Buffer.from('of one') }])
    expect((await one?.listTopics())?.map(({ name }) => name)).toEqual(['t'])
    expect((await two?.offsets('g', 't'))?.map(({ high }) => high)).toEqual([0n])
    const seen: string[] = []
    const following = await one?.follow(['t'], ({ topic, value }) => void seen.push(`${topic}: ${value}`))
    expect(seen).toEqual(['t: of one'])
    await following?.stop()
    expect((await cluster.open().listTopics()).map(({ name }) => name)).toEqual(['one.t', 'two_t'])
  })

  it('get records whole, also where a client computes their headers when they are read', async () => {
    class Lazy implements Omit<ConsumedRecord, 'headers'> {
      readonly topic = 'one.t'
      readonly partition = 3
      readonly offset = 7n
      readonly key = 'k'
      readonly value = Buffer.from('v')
      readonly timestamp = noon
      get headers() {
        return { of: this.topic }
      }
    }
    const read: Broker['read'] = async (_topic, _ranges, onRecords) => onRecords([new Lazy()])
    const seen: ConsumedRecord[] = []
    await prefixedBroker({ read } as Partial<Broker> as Broker, 'one.').read(
      't',
      [],
      (records) => void seen.push(...records),
    )
    expect(seen.map((record) => ({ ...record }))).toEqual([
      {
        topic: 't',
        partition: 3,
        offset: 7n,
        key: 'k',
        value: Buffer.from('v'),
        timestamp: noon,
        headers: { of: 'one.t' },
      },
    ])
  })

  it('register each their own subjects', async () => {
    const asked: unknown[] = []
    const registry = { register: async (...args) => asked.push(args) } as Partial<SchemaRegistry> as SchemaRegistry
    await prefixedRegistry(registry, 'one.').register('t-value', '{}')
    expect(asked).toEqual([['one.t-value', '{}']])
  })

  it('have each their own keys, text or bytes, and hash tags stay', async () => {
    const asked: unknown[] = []
    const answer = async (...args: unknown[]) => asked.push(...args) as never
    const redis = { getMany: answer, setMany: answer, evalMany: answer } as Partial<RedisCommands> as RedisCommands
    const one = prefixedRedis(redis, 'one.')
    const script = { name: 's', source: '' }
    await one.getMany(['{tag}k', Buffer.from([0xff])])
    await one.setMany([{ key: 'k', value: Buffer.from('v'), ttlSeconds: 1 }])
    await one.evalMany(script, [{ keys: ['a', 'b'], args: ['a'] }])
    expect(asked).toEqual([
      ['one.{tag}k', Buffer.concat([Buffer.from('one.'), Buffer.from([0xff])])],
      [{ key: 'one.k', value: Buffer.from('v'), ttlSeconds: 1 }],
      script,
      [{ keys: ['one.a', 'one.b'], args: ['a'] }],
    ])
  })
})

describe('KAFKA_TOPIC_PREFIX', () => {
  it('reaches all three clients', () => {
    const env = { KAFKA_TOPIC_PREFIX: 'acme.signals_' }
    const all = [
      kafkaSettingsOf(env, 'a:1', 'c'),
      redisSettingsOf(env, 'redis://r'),
      registrySettingsOf(env, 'http://r'),
    ]
    expect(all.map(({ prefix }) => prefix)).toEqual(Array(3).fill('acme.signals_'))
  })

  it.each(['acme', 'Acme.', 'a/b.', `${'a'.repeat(64)}.`])('is not "%s"', (prefix) => {
    expect(() => kafkaSettingsOf({ KAFKA_TOPIC_PREFIX: prefix }, 'a:1', 'c')).toThrow(ConfigError)
  })
})
