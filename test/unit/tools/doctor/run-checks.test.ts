import { deadLetterTopic, parkedTopic } from '../../../../services/derived-topics.ts'
import { Keyring } from '../../../../services/runtime/keys/keyring.ts'
import type { CheckResult } from '../../../../services/tools/doctor/check-result.ts'
import { topics } from '../../../../services/topology.ts'
import { accountGrant, connectionRecord as connection, masterKey, noon } from '../../../support/builders.ts'

import { patient, well } from '../../../support/diagnostics-context.ts'

const wrong = (findings: readonly CheckResult[]) => findings.filter(({ verdict }) => verdict !== 'good')

describe('the doctor', () => {
  it('has nothing to say about a pipeline that is well', async () => {
    const { examine: look } = await patient()
    const findings = await look()
    expect(wrong(findings)).toEqual([])
    expect(new Set(findings.map(({ area }) => area)).size).toBe(7)
  })

  const cases: [
    name: string,
    (ill: Awaited<ReturnType<typeof patient>>['ill']) => unknown,
    verdict: CheckResult['verdict'],
    what: RegExp,
    remedy: RegExp,
  ][] = [
    ['a wrong setting', (ill) => ill.problems.push('LOG_LEVEL: invalid'), 'bad', /LOG_LEVEL/, /mend/],
    ['no master key', (ill) => delete ill.env.SIGNALS_MASTER_KEY, 'bad', /SIGNALS_MASTER_KEY is not set/, /openssl/],
    ['a short master key', (ill) => (ill.env.SIGNALS_MASTER_KEY = 'abc'), 'bad', /SIGNALS_MASTER_KEY|32 bytes/, /key/],
    [
      'the master key of another pipeline',
      async (ill) => {
        ill.dataSecret = (await Keyring.open(Keyring.newMasterKey())).sealDataSecret(true)
      },
      'bad',
      /not the key of this pipeline, which seals under key [0-9a-f]{16}$/,
      /SIGNALS_MASTER_KEY_PREVIOUS/,
    ],
    ['unsigned deliveries', (ill) => (ill.env.ALLOW_UNSIGNED = 'zalo'), 'warning', /zalo/, /ALLOW_UNSIGNED/],
    ['an old Node', (ill) => (ill.nodeVersion = 'v18.20.0'), 'bad', /v18.20.0/, /npm ci/],
    ['a disk that fills up', (ill) => (ill.disk = { freeBytes: 10, sizeBytes: 100 }), 'warning', /10 %/, /room/],
    ['a full disk', (ill) => (ill.disk = { freeBytes: 1, sizeBytes: 100 }), 'bad', /1 %/, /room/],
    [
      'a missing topic',
      (ill) => ill.cluster.topics.delete(topics.signals.name),
      'bad',
      /topic signals.v1 is missing/,
      /topics apply/,
    ],
    [
      'another setting',
      (ill) => ill.broker.alterConfig(topics.messages.name, { 'retention.ms': '1' }),
      'bad',
      /messages.v1 has retention.ms 1/,
      /topics apply/,
    ],
    [
      'a broker from the future',
      async (ill) => {
        ill.cluster.now = () => noon + 5_000
        await (await ill.broker.producer()).send([{ topic: topics.deliveries.name, key: 'k', value: Buffer.from('x') }])
      },
      'bad',
      /clock is at least 5.0 s ahead/,
      /NTP/,
    ],
    [
      'dead letters',
      async (ill) =>
        (await ill.broker.producer()).send([{ topic: deadLetterTopic('ingest'), key: 'k', value: Buffer.from('x') }]),
      'warning',
      /1 dead letter in/,
      /dead-letters list/,
    ],
    [
      'parked signals',
      async (ill) => (await ill.broker.producer()).send([{ topic: parkedTopic, key: 'k', value: Buffer.from('x') }]),
      'warning',
      /1 signal parked/,
      /connections list/,
    ],
    [
      'another compatibility',
      (ill) => ill.registry.levels.set('signals.v1-value', 'NONE'),
      'bad',
      /signals.v1-value has compatibility NONE/,
      /topics apply/,
    ],
    ['an old Redis', (ill) => (ill.info.redis_version = '6.0.16'), 'bad', /6.0.16 is too old/, /6.2/],
    ['an evicting Redis', (ill) => (ill.info.maxmemory_policy = 'allkeys-lru'), 'bad', /allkeys-lru/, /noeviction/],
    ['a forgetful Redis', (ill) => (ill.info.aof_enabled = '0'), 'warning', /append-only/, /appendonly yes/],
    ['a Redis that cannot write', (ill) => (ill.info.aof_last_write_status = 'err'), 'bad', /cannot write/, /disk/],
    ['a full Redis', (ill) => (ill.info.used_memory = '9000000'), 'bad', /Redis uses/, /maxmemory/],
    [
      'a Redis whose clock differs',
      (ill) => (ill.info.server_time_usec = String((noon - 3_000) * 1000)),
      'bad',
      /3.0 s behind/,
      /NTP/,
    ],
    [
      'a Redis that is away',
      (ill) => (ill.redisAway = true),
      'bad',
      /Redis at redis:\/\/\*\*\*@redis: .*ECONNREFUSED/,
      /REDIS_URL.*redis-down/,
    ],
    ['nobody connected', (ill) => ill.connections.splice(0), 'warning', /nobody is connected/, /connections add/],
    [
      'a refused token',
      (ill) => ill.connections.push(connection({ connectionId: 'lost', status: 'reconnect' })),
      'bad',
      /lost needs a new token/,
      /authorise/,
    ],
    [
      'a token that ends',
      (ill) =>
        ill.connections.push(connection({ connectionId: 'ends', account: accountGrant({ expiresAt: noon + 1 }) })),
      'warning',
      /1 account token about to expire: ends/,
      /authorise ID --account/,
    ],
    [
      'a token that has ended',
      (ill) => ill.connections.push(connection({ connectionId: 'ended', account: accountGrant({ expiresAt: noon }) })),
      'bad',
      /1 account token expired: ended/,
      /SignalsTokenExpiring/,
    ],
    [
      'an open breaker',
      (ill) => ill.breakers.push({ connectionId: 'slow', cause: 'throttled' }),
      'warning',
      /does not answer well for 1 connection: slow \(throttled\)/,
      /breakers list/,
    ],
    [
      'a paused connection',
      (ill) => ill.connections.push(connection({ connectionId: 'still', status: 'paused' })),
      'warning',
      /1 connection paused: still/,
      /resume/,
    ],
    [
      'a missing keyword list',
      (ill) => ill.connections.push(connection({ connectionId: 'own', keywordListId: 'none' })),
      'bad',
      /list none/,
      /keywords import/,
    ],
    ['no default list', (ill) => ill.lists.splice(0), 'warning', /no default keyword list/, /keywords import/],
    [
      'a missing webhook secret',
      (ill) => delete ill.env.WHATSAPP_WEBHOOK_SECRET,
      'warning',
      /no webhook secret of whatsapp/,
      /WHATSAPP_WEBHOOK_SECRET/,
    ],
    [
      'a source without mapping',
      (ill) => ill.connections.push(connection({ connectionId: 'x', source: 'carrier-pigeon' })),
      'bad',
      /carrier-pigeon/,
      /mapping/,
    ],
    ['a stage that does not answer', (ill) => (ill.health = {}), 'bad', /ingest does not answer/, /SignalsProcessDown/],
    [
      'a stage that halted',
      (ill) => (ill.health.ingest = { ...well, state: 'halted', reason: 'dead-letter limit', healthy: false }),
      'bad',
      /halted itself/,
      /SignalsStageHalted/,
    ],
    [
      'a stage that waits',
      (ill) => (ill.health.ingest = { ...well, state: 'waiting', reason: 'redis' }),
      'bad',
      /waits \(redis\)/,
      /goes on by itself/,
    ],
    [
      'a late record',
      async (ill) => {
        ill.cluster.now = () => noon - 300_000
        await (await ill.broker.producer()).send([{ topic: topics.messages.name, key: 'k', value: Buffer.from('x') }])
      },
      'bad',
      /1 record of messages.v1 waits, the oldest for 300 s/,
      /lag-grows/,
    ],
  ]
  it.each(cases)('finds %s, and nothing else', async (_name, makeIll, verdict, what, remedy) => {
    const { ill, examine: look } = await patient()
    await makeIll(ill)
    const found = wrong(await look())
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      verdict,
      what: expect.stringMatching(what),
      remedy: expect.stringMatching(remedy),
    })
  })

  it('tells of the master key that it is the right one', async () => {
    const { ill, examine: look } = await patient()
    ill.dataSecret = (await Keyring.open(masterKey)).sealDataSecret(true)
    expect(await look()).toContainEqual(expect.objectContaining({ what: expect.stringMatching(/opens what this/) }))
  })

  it('says how the stages are also while Kafka is away', async () => {
    const { ill, examine: look } = await patient()
    ill.kafkaAway = true
    ill.health.ingest = { ...well, state: 'waiting', reason: 'redis' }
    expect(wrong(await look()).map(({ what }) => what)).toEqual([
      'Kafka at kafka:9092: Kafka does not answer',
      'connections were not looked at: Kafka does not answer',
      'ingest waits (redis)',
      'whether records wait was not looked at: Kafka does not answer',
    ])
  })

  it('tells what waits also where the topic of a stage is missing', async () => {
    const { ill, examine: look } = await patient()
    ill.cluster.topics.delete(topics.signals.name)
    ill.cluster.now = () => noon - 300_000
    await (await ill.broker.producer()).send([{ topic: topics.messages.name, key: 'k', value: Buffer.from('x') }])
    expect(wrong(await look()).map(({ what }) => what)).toEqual([
      'topic signals.v1 is missing',
      '1 record of messages.v1 waits, the oldest for 300 s',
    ])
  })
})
