import type { Principal } from '../../../services/control/access/authenticator.ts'
import { deadLetterTopic } from '../../../services/derived-topics.ts'
import { headerNames } from '../../../services/runtime/batch/record-headers.ts'
import { topics } from '../../../services/topology.ts'
import { as } from '../../support/console-access.ts'
import { openConsole } from '../../support/console-world.ts'

const viewer: Principal = { actor: 'token:v', role: 'viewer', tenant: null, accounts: null }
const operatorOfA: Principal = { actor: 'token:a', role: 'operator', tenant: 'a', accounts: null }

const open = async () => {
  const world = await openConsole({
    tokens: new Map([
      ['viewer', viewer],
      ['operator-of-a', operatorOfA],
    ]),
  })
  const { broker, codec } = world.own
  const topic = deadLetterTopic('ingest')
  const producer = await broker.producer()
  const value = codec.encodeDeadLetter({
    ...{
      stage: 'ingest',
      code: 'event_invalid',
      detail: 'text: missing',
      items: [],
      attempt: 1,
      failedAt: 1,
      keyId: 'k',
    },
    ...{ topic: topics.channelEvents.name, partition: 3, offset: 7, timestamp: 1 },
    original: Buffer.from('words of a person'),
  })
  const headers = { [headerNames.redrives]: '1', account: '55', 'x-phone': '5215550001' }
  await producer.send([
    { topic, key: '5215550001', value, headers, partition: 0 },
    { topic, key: '5215550001', value: Buffer.from('words of a person'), headers: {}, partition: 1 },
  ])
  return { ...world, topic }
}

describe('topics in the console', () => {
  it('say what lies where, and how much', async () => {
    const { ask, topic } = await open()
    const all = JSON.parse((await ask('GET /admin/v1/topics', as('viewer'))).text) as { name: string }[]
    expect(all.find(({ name }) => name === topic)).toMatchObject({
      ...{ partitions: 2, records: 2, schema: 'dead-letter', schemaVersions: 2, cleanup: 'delete', lag: null },
    })
    expect(all.find(({ name }) => name === topics.connections.name)).toMatchObject({ retentionMs: null })
  })

  it('show of a record its place, its schema and headers that name no person, and neither key nor content', async () => {
    const { ask, topic } = await open()
    const { json, text } = await ask(`GET /admin/v1/topics/${topic}`)
    const [known, foreign] = (json.records as { partition: number }[]).toSorted((a, b) => a.partition - b.partition)
    expect(known).toMatchObject({
      ...{ partition: 0, offset: 0, hasKey: true, schemaVersion: 2, sealed: false },
      headers: [
        { name: 'redrives', value: '1' },
        { name: 'account', value: null },
        { name: 'x-phone', value: null },
      ],
    })
    expect(foreign).toMatchObject({ partition: 1, schemaVersion: null, headers: [] })
    expect(text).not.toMatch(/5215550001|words of a person/)
  })

  it('are for callers of all tenants, and records for operators of these', async () => {
    const { ask, topic } = await open()
    expect((await ask('GET /admin/v1/topics', as('operator-of-a'))).status).toBe(403)
    expect((await ask(`GET /admin/v1/topics/${topic}`, as('viewer'))).status).toBe(403)
    expect((await ask('GET /admin/v1/topics/others.v1')).status).toBe(404)
  })
})

it('tokens and the age of the master key are for administrators, and no hash is shown', async () => {
  const { ask, own } = await open()
  const token = { tokenId: 't1', name: 'shop', tenantId: 'a', accounts: null, scopes: ['report' as const] }
  const made = { createdAt: 1, createdBy: 'ops', revokedAt: null, revokedBy: null }
  own.installation.tokens = async () => [{ ...token, ...made, hash: Buffer.from('hash') }]
  const { json, text } = await ask('GET /admin/v1/access')
  expect(json).toMatchObject({ tokens: [{ ...token, ...made }], masterKey: { keyId: 'k1', since: 1 } })
  expect(text).not.toContain('hash')
  expect((await ask('GET /admin/v1/access', as('viewer'))).status).toBe(403)
})
