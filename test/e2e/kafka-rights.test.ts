/** A pipeline on a broker that grants each process the rights of `signals topics acls` and no other. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { aclProcesses, aclsOf } from '../../services/tools/topics/acls.ts'
import { topics } from '../../services/topology.ts'
import { eventually } from '../support/eventually.ts'
import { OwnKafka } from '../support/own-kafka.ts'
import { connectTwo, openWorld, type World } from '../support/world.ts'

const prefix = 'acme.'
const password = 'a password of the test'
const security = {
  KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
  KAFKA_SASL_MECHANISM: 'PLAIN',
  KAFKA_SASL_PASSWORD: password,
  KAFKA_TOPIC_PREFIX: prefix,
}

const operationOf = {
  Read: AclOperations.READ,
  Write: AclOperations.WRITE,
  Create: AclOperations.CREATE,
  Describe: AclOperations.DESCRIBE,
  Alter: AclOperations.ALTER,
  DescribeConfigs: AclOperations.DESCRIBE_CONFIGS,
  AlterConfigs: AclOperations.ALTER_CONFIGS,
} as const

let kafka: OwnKafka
let world: World
beforeAll(async () => {
  const users = aclProcesses.map((name) => `user_${name}="${password}"`).join(' ')
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`
  kafka = await OwnKafka.start({ lines: [`listener.name.sasl_plaintext.plain.sasl.jaas.config=${login}`] })
  const admin = new Admin({ clientId: 'it', bootstrapBrokers: [kafka.addresses.plain] })
  await admin.createAcls({
    creations: aclProcesses.flatMap((name) =>
      aclsOf(name, prefix).flatMap(({ resource, name: resourceName, pattern, operations }) =>
        operations.map((operation) => ({
          resourceType: resource === 'topic' ? ResourceTypes.TOPIC : ResourceTypes.GROUP,
          resourceName,
          resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
          principal: `User:${name}`,
          host: '*',
          operation: operationOf[operation],
          permissionType: AclPermissionTypes.ALLOW,
        })),
      ),
    ),
  })
  await admin.close()
  const hook = join(import.meta.dirname, '../support/kafka-user-hook.ts')
  const env = { ...security, NODE_OPTIONS: `--import=${hook}`, KAFKA_BROKERS: kafka.addresses.sasl }
  world = await openWorld(env)
  await connectTwo(world)
}, 180_000)
afterAll(async () => {
  await world?.stop()
  await kafka?.stop()
}, 60_000)

const at = Date.now() - 60_000

it('carries a message to TikTok', async () => {
  await world.deliver(whatsappText('5215551111111', 'wamid.1', 'hola, pago https://x.example/?ttclid=E.C.P.one', at))
  const events = await world.arrivedCount(2)
  expect(events.map(({ event, user }) => [event, user.ttclid]).sort()).toEqual([
    ['Conversation', 'E.C.P.one'],
    ['Keyword', 'E.C.P.one'],
  ])
})

it('lets operators redrive and replay through control', async () => {
  const { ADMIN_TOKEN } = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8')) as {
    ADMIN_TOKEN: string
  }
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
  const ask = async (path: string, body?: object) => {
    const url = `${world.pipeline.ready.console}/admin/v1/${path}`
    const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
    return (await (await fetch(url, init)).json()) as Record<string, unknown>[]
  }
  const settings = kafkaSettingsOf({ ...security, KAFKA_SASL_USERNAME: 'gateway' }, kafka.addresses.sasl, 'it')
  const broker = openBroker(settings)
  const producer = await broker.producer()
  await producer.send([{ topic: topics.channelEvents.name, key: 'k', value: Buffer.from('{"source":"whatsapp"}') }])
  await producer.close()
  await broker.close()
  await eventually('the dead letter', async () => (await ask('dead-letter-causes'))[0]?.open === 1)
  await ask('redrives', { stage: 'ingest', code: 'event_invalid', force: true, dryRun: false })
  await eventually('the redrive', async () => (await ask('redrives'))[0]?.endedAt !== null)
  expect(await ask('redrives')).toMatchObject([{ problem: null, result: { redriven: 1, failedAgain: 1 } }])
  await ask('replay-jobs', { from: at - 3_600_000, lists: 'latest', dryRun: false })
  await eventually('the replay', async () => (await ask('replay-jobs'))[0]?.endedAt !== null, 60_000)
  expect(await ask('replay-jobs')).toMatchObject([{ problem: null, ending: 'done' }])
}, 90_000)

it('has no process that misses a right', () => {
  const logs = join(world.dataDir, 'logs')
  const refused = readdirSync(logs).flatMap((name) =>
    readFileSync(join(logs, name), 'utf8')
      .split('\n')
      .filter((line) => /authori[sz]ation|not authori[sz]ed/i.test(line)),
  )
  expect(refused).toEqual([])
})

it.each(['doctor', 'status'])('lets an operator use signals %s', async (command) => {
  const { stdout, stderr } = await world.pipeline.signals(command)
  expect(`${stdout}${stderr}`).not.toMatch(/not authori[sz]ed|AUTHORIZATION|\bACL\b/i)
})

it('refuses a process what is not its work, and says which right is missing', async () => {
  const env = { ...security, KAFKA_SASL_USERNAME: 'keywords' }
  const broker = openBroker(kafkaSettingsOf(env, kafka.addresses.sasl, 'it'))
  const producer = await broker.producer()
  const write = producer.send([{ topic: topics.connections.name, key: 'k', value: Buffer.from('forged') }])
  await expect(write).rejects.toThrow(/acl/i)
  await producer.close()
  await broker.close()
})

it('has all its topics behind the prefix', async () => {
  const broker = openBroker(kafkaSettingsOf({}, kafka.addresses.plain, 'it'))
  const names = (await broker.listTopics()).map(({ name }) => name).filter((name) => !name.startsWith('__'))
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter((name) => !name.startsWith(prefix))).toEqual([])
  await broker.close()
})
