import {
  fields,
  kafkaSettingsOf,
  loadConfig,
  redisSettingsOf,
  registrySettingsOf,
} from '../../../services/runtime/config.ts'
import { placementOf, topicFields } from '../../../services/tools/topics/settings.ts'
import { read } from '../../support/source-code/files.ts'

const page = read('docs/operators/connecting.md')
const blocks = Array.from(
  page.matchAll(/^### (.+)\n(?:(?!^###).*\n)*?```sh\n([\s\S]*?)```/gm),
  ([, title = '', text = '']) => ({ title, text }),
)
const all = Array.from(page.matchAll(/```sh\n([\s\S]*?)```/g), ([, text = '']) => text)
const pem = '-----BEGIN CERTIFICATE-----'
/** Files of the page do not exist here; a port in capitals is none. */
const environmentIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^\/run\/.*/, pem)]),
  )

describe('the settings to copy', () => {
  it('are there for each service', () => {
    expect(blocks.map(({ title }) => title)).toEqual([
      'Amazon MSK with SCRAM',
      'Amazon MSK with IAM',
      'Confluent Cloud',
      'Aiven',
      'Redpanda',
      'Strimzi',
      'Amazon ElastiCache',
      'Amazon MemoryDB',
      'Redis Cloud',
    ])
  })

  it.each(all.map((text, n) => [n, text] as const))('of block %i exist, and are complete', (_n, text) => {
    const env = environmentIn(text)
    const known = { ...fields, ...topicFields }
    expect(Object.keys(env).filter((name) => !(name in known))).toEqual([])
    for (const [name, value] of Object.entries(env))
      expect(loadConfig({ [name]: known[name as keyof typeof known] }, { [name]: value })).toHaveProperty(name)
    if (env.KAFKA_BROKERS) expect(kafkaSettingsOf(env, env.KAFKA_BROKERS, 'x').brokers.length).toBeGreaterThan(0)
    if (env.REDIS_URL) expect(redisSettingsOf(env, env.REDIS_URL).tls).toBeDefined()
    if (env.SCHEMA_REGISTRY_URL)
      expect(registrySettingsOf(env, env.SCHEMA_REGISTRY_URL).authorization).toMatch(/^Basic /)
    expect(() => placementOf(env, 3)).not.toThrow()
  })
})
