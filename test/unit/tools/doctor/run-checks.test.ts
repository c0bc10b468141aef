import { latestSchema } from '../../../../schemas/index.ts'
import { deadLetterTopic, parkedTopic } from '../../../../services/derived-topics.ts'
import { Keyring } from '../../../../services/runtime/keys/keyring.ts'
import type { CheckResult } from '../../../../services/tools/doctor/check-result.ts'
import { topics } from '../../../../services/topology.ts'
import {
  accountGrant,
  connectionRecord as connection,
  consumedRecord,
  keywordEntry,
  keywordList,
  masterKey,
  noon,
} from '../../../support/builders.ts'
import { healthy, openDiagnostics, problemsIn } from '../../../support/diagnostics-context.ts'
import { sourceOf as ownMapping } from '../../../support/mapping.ts'

describe('the doctor', () => {
  it('finds no problem in a healthy pipeline', async () => {
    const { run } = await openDiagnostics()
    const results = await run()
    expect(problemsIn(results)).toEqual([])
    expect(new Set(results.map(({ area }) => area)).size).toBe(7)
  })

  const cases: [
    name: string,
    (state: Awaited<ReturnType<typeof openDiagnostics>>['state']) => unknown,
    verdict: CheckResult['verdict'],
    what: RegExp,
    remedy: RegExp,
  ][] = [
    ['a wrong setting', (state) => state.problems.push('LOG_LEVEL: invalid'), 'bad', /LOG_LEVEL/, /fix/],
    [
      'no master key',
      (state) => delete state.env.SIGNALS_MASTER_KEY,
      'bad',
      /SIGNALS_MASTER_KEY is not set/,
      /openssl/,
    ],
    [
      'a short master key',
      (state) => (state.env.SIGNALS_MASTER_KEY = 'abc'),
      'bad',
      /SIGNALS_MASTER_KEY|32 bytes/,
      /key/,
    ],
    [
      'the master key of another pipeline',
      async (state) => {
        state.dataSecret = (await Keyring.open(Keyring.newMasterKey())).sealDataSecret(true)
      },
      'bad',
      /not the key of this pipeline, which seals under key [0-9a-f]{16}$/,
      /SIGNALS_MASTER_KEY_PREVIOUS/,
    ],
    [
      'a record that no key of the pipeline signed',
      (state) => {
        const record = consumedRecord({ topic: 'connections.v1', key: 'acme-wa', offset: 7n })
        state.signatures = { isLatched: true, refused: [{ record, reason: 'unsigned' }] }
      },
      'bad',
      /^1 record that this pipeline has not signed: connections.v1 acme-wa at offset 7 \(unsigned\)$/,
      /keys sign-records/,
    ],
    [
      'unsigned records that still count',
      (state) => (state.signatures = { isLatched: false, refused: [] }),
      'warning',
      /without a signature still count/,
      /keys sign-records/,
    ],
    [
      'a text pattern that takes anything',
      (state) =>
        (state.connections = [
          connection({
            extractors: [{ from: 'text', query: null, pattern: '(?s)^(.*)$', firstMessages: null, only: [] }],
          }),
        ]),
      'warning',
      /1 connection with a text pattern that finds whatever a person writes: acme-wa/,
      /at least 3 letters/,
    ],
    [
      'a list in force that spells',
      (state) => (state.lists = [keywordList({ entries: [keywordEntry('a')] })]),
      'warning',
      /keyword list default, version 1, could tell what people write: keyword "a" .* is one letter/,
      /Limits/,
    ],
    ['unsigned deliveries', (state) => (state.env.ALLOW_UNSIGNED = 'zalo'), 'warning', /zalo/, /ALLOW_UNSIGNED/],
    [
      'a token for all tenants, where there are several',
      (state) => {
        state.fixedTokens.push('INGEST_TOKEN')
        state.connections.push(connection({ connectionId: 'z', tenantId: 'zeta', accountId: '2' }))
      },
      'warning',
      /the bearer of INGEST_TOKEN hands over events and looks up attributions for every tenant, and there are 2/,
      /signals tokens create --tenant TENANT --scope ingest/,
    ],
    [
      'an admin token for all tenants, where there are several',
      (state) => {
        state.fixedTokens.push('ADMIN_TOKEN')
        state.connections.push(connection({ connectionId: 'z', tenantId: 'zeta', accountId: '2' }))
      },
      'warning',
      /the bearer of ADMIN_TOKEN changes connections for every tenant/,
      /--scope admin/,
    ],
    [
      'a mapping without a signature',
      (state) => state.own.push(ownMapping()),
      'warning',
      /the gateway refuses deliveries of example without a signature/,
      /declare a signature/,
    ],
    [
      'accounts without a connection',
      (state) => state.unconnected.push({ source: 'line', accountId: 'Ubot', at: noon }),
      'warning',
      /1 account without a connection sent something, of which nothing is kept: line Ubot/,
      /connections add/,
    ],
    ['an old Node', (state) => (state.nodeVersion = 'v18.20.0'), 'bad', /v18.20.0/, /npm ci/],
    ['a disk that fills up', (state) => (state.disk = { freeBytes: 10, sizeBytes: 100 }), 'warning', /10 %/, /space/],
    ['a full disk', (state) => (state.disk = { freeBytes: 1, sizeBytes: 100 }), 'bad', /1 %/, /space/],
    [
      'a missing topic',
      (state) => state.cluster.topics.delete(topics.signals.name),
      'bad',
      /topic signals.v1 is missing/,
      /topics apply/,
    ],
    [
      'another setting',
      (state) => state.broker.alterConfig(topics.messages.name, { 'retention.ms': '1' }),
      'bad',
      /messages.v1 has retention.ms 1/,
      /topics apply/,
    ],
    [
      'a broker from the future',
      async (state) => {
        state.cluster.now = () => noon + 5_000
        await (await state.broker.producer()).send([
          { topic: topics.deliveries.name, key: 'k', value: Buffer.from('x') },
        ])
      },
      'bad',
      /clock is at least 5.0 s ahead/,
      /NTP/,
    ],
    [
      'dead letters',
      async (state) =>
        (await state.broker.producer()).send([{ topic: deadLetterTopic('ingest'), key: 'k', value: Buffer.from('x') }]),
      'warning',
      /1 dead letter in/,
      /dead-letters list/,
    ],
    [
      'parked signals',
      async (state) =>
        (await state.broker.producer()).send([{ topic: parkedTopic, key: 'k', value: Buffer.from('x') }]),
      'warning',
      /1 signal parked/,
      /connections list/,
    ],
    [
      'another compatibility',
      (state) => state.registry.levels.set('signals.v1-value', 'NONE'),
      'bad',
      /signals.v1-value has compatibility NONE/,
      /topics apply/,
    ],
    [
      'a newest schema that loses fields',
      (state) => {
        const schema = JSON.parse(latestSchema('message-event'))
        schema.fields = schema.fields.filter(({ name }: { name: string }) => name !== 'referral')
        return state.registry.register('channel-events.v1-value', JSON.stringify(schema))
      },
      'bad',
      /channel-events.v1-value lacks referral/,
      /auto.register.schemas=false/,
    ],
    ['an old Redis', (state) => (state.info.redis_version = '6.0.16'), 'bad', /6.0.16 is too old/, /6.2/],
    ['an evicting Redis', (state) => (state.info.maxmemory_policy = 'allkeys-lru'), 'bad', /allkeys-lru/, /noeviction/],
    [
      'a Redis without persistence',
      (state) => (state.info.aof_enabled = '0'),
      'warning',
      /append-only/,
      /appendonly yes/,
    ],
    ['a Redis that cannot write', (state) => (state.info.aof_last_write_status = 'err'), 'bad', /cannot write/, /disk/],
    ['a full Redis', (state) => (state.info.used_memory = '9000000'), 'bad', /Redis uses/, /maxmemory/],
    [
      'a Redis whose clock differs',
      (state) => (state.info.server_time_usec = String((noon - 3_000) * 1000)),
      'bad',
      /3.0 s behind/,
      /NTP/,
    ],
    [
      'a Redis that is away',
      (state) => (state.redisAway = true),
      'bad',
      /Redis at redis:\/\/\*\*\*@redis: .*ECONNREFUSED/,
      /REDIS_URL.*redis-down/,
    ],
    [
      'a Redis that refuses the password',
      (state) => (state.redisAway = 'Redis refuses user or password of REDIS_URL: check both'),
      'bad',
      /Redis at redis:\/\/\*\*\*@redis: Redis refuses user or password of REDIS_URL$/,
      /^check both$/,
    ],
    ['no connection', (state) => state.connections.splice(0), 'warning', /no account is connected/, /connections add/],
    [
      'a refused token',
      (state) => state.connections.push(connection({ connectionId: 'lost', status: 'reconnect' })),
      'bad',
      /lost needs a new token/,
      /authorise/,
    ],
    [
      'a token that ends',
      (state) =>
        state.connections.push(connection({ connectionId: 'ends', account: accountGrant({ expiresAt: noon + 1 }) })),
      'warning',
      /1 account token about to expire: ends/,
      /authorise ID --account/,
    ],
    [
      'a token that has ended',
      (state) =>
        state.connections.push(connection({ connectionId: 'ended', account: accountGrant({ expiresAt: noon }) })),
      'bad',
      /1 account token expired: ended/,
      /SignalsTokenExpiring/,
    ],
    [
      'an open breaker',
      (state) => state.breakers.push({ connectionId: 'slow', cause: 'throttled' }),
      'warning',
      /fails or refuses calls for 1 connection: slow \(throttled\)/,
      /breakers list/,
    ],
    [
      'a problem that the console names',
      (state) =>
        (state.named = [
          {
            severity: 'page',
            text: 'kafka does not answer',
            runbook: 'SignalsDependencyDown',
            effects: ['ingest waits'],
          },
        ]),
      'bad',
      /kafka does not answer; from this: ingest waits/,
      /docs\/runbooks\/SignalsDependencyDown.md/,
    ],
    [
      'a notice of the console',
      (state) =>
        (state.named = [{ severity: 'notice', text: 'no list', runbook: null, remedy: 'Import `one`.', effects: [] }]),
      'warning',
      /no list/,
      /Import one\./,
    ],
    [
      'a paused connection',
      (state) => state.connections.push(connection({ connectionId: 'still', status: 'paused' })),
      'warning',
      /1 connection paused: still/,
      /resume/,
    ],
    [
      'a missing keyword list',
      (state) => state.connections.push(connection({ connectionId: 'own', keywordListId: 'none' })),
      'bad',
      /list none/,
      /keywords import/,
    ],
    [
      'a missing rule set',
      (state) => state.connections.push(connection({ connectionId: 'own', ruleSetId: 'none' })),
      'bad',
      /rule set none/,
      /rules import/,
    ],
    [
      'rules that send what the wire profile has no form for',
      (state) => (state.env.TIKTOK_WIRE_PROFILE = 'test/support/profiles/without-outcome.json'),
      'bad',
      /rule set default sends events, and the wire profile plain has no events\.outcome/,
      /count_only/,
    ],
    ['no default list', (state) => state.lists.splice(0), 'warning', /no default keyword list/, /keywords import/],
    [
      'a missing webhook secret',
      (state) => delete state.env.WHATSAPP_WEBHOOK_SECRET,
      'warning',
      /no webhook secret of whatsapp/,
      /WHATSAPP_WEBHOOK_SECRET/,
    ],
    [
      'a source without mapping',
      (state) => state.connections.push(connection({ connectionId: 'x', source: 'carrier-pigeon' })),
      'warning',
      /carrier-pigeon.*no mapping.*no message event/,
      /mapping/,
    ],
    [
      'a stage that does not answer',
      (state) => (state.health.ingest = null),
      'bad',
      /ingest does not answer/,
      /SignalsProcessDown/,
    ],
    [
      'a stage that announces itself no more',
      (state) =>
        state.seen.push({
          ...{ stage: 'ingest', address: 'http://b:9100/metrics', state: 'unreachable', reason: null, healthy: false },
          ...{ host: 'b', version: '0.2.0', silentSeconds: 22 },
        }),
      'bad',
      /^ingest on b does not answer at http:\/\/b:9100\/metrics, and was not heard of for 22 s$/,
      /SignalsProcessDown/,
    ],
    [
      'a stage that runs out of reach',
      (state) =>
        state.seen.push({
          ...{ stage: 'ingest', address: 'http://b:9100/metrics', state: 'out-of-reach', reason: null, healthy: false },
          ...{ host: 'b', version: '0.2.0', silentSeconds: null },
        }),
      'warning',
      /^ingest runs on b, and this machine does not reach it/,
      /STATUS_ADDRESS/,
    ],
    [
      'two versions beside each other',
      (state) => {
        for (const version of ['0.2.0', '0.3.0'])
          state.seen.push({
            ...{ stage: 'ingest', address: 'a', state: 'running', reason: null, healthy: true, host: 'a', version },
            silentSeconds: null,
          })
      },
      'warning',
      /several versions run: 0.2.0 \(ingest\), 0.3.0 \(ingest\)/,
      /upgrading/,
    ],
    [
      'a stage that is not heard of',
      (state) => delete state.health.gateway,
      'warning',
      /not heard of: gateway/,
      /Redis/,
    ],
    [
      'that nothing runs',
      (state) => (state.health = {}),
      'warning',
      /no pipeline runs on \/data/,
      /signals up.*REDIS_URL/,
    ],
    [
      'a stage that halted',
      (state) => (state.health.ingest = { ...healthy, state: 'halted', reason: 'dead-letter limit', healthy: false }),
      'bad',
      /halted itself/,
      /SignalsStageHalted/,
    ],
    [
      'a stage that waits',
      (state) => (state.health.ingest = { ...healthy, state: 'waiting', reason: 'redis' }),
      'bad',
      /waits \(redis\)/,
      /continues by itself/,
    ],
    [
      'a late record',
      async (state) => {
        state.cluster.now = () => noon - 300_000
        await (await state.broker.producer()).send([{ topic: topics.messages.name, key: 'k', value: Buffer.from('x') }])
      },
      'bad',
      /1 record of messages.v1 waits, the oldest for 300 s/,
      /lag-grows/,
    ],
  ]
  it.each(cases)('finds %s, and nothing else', async (_name, breakState, verdict, what, remedy) => {
    const { state, run } = await openDiagnostics()
    await breakState(state)
    const found = problemsIn(await run())
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      verdict,
      what: expect.stringMatching(what),
      remedy: expect.stringMatching(remedy),
    })
  })

  it('misses no mapping for a source whose events came by a connector', async () => {
    const { state, run } = await openDiagnostics()
    state.connections.push(connection({ connectionId: 'x', source: 'carrier-pigeon' }))
    state.redisValues['ways:x'] = `${noon} 0 ${noon} 0 0`
    expect(problemsIn(await run())).toEqual([])
  })

  it('confirms the master key of the pipeline', async () => {
    const { state, run } = await openDiagnostics()
    state.dataSecret = (await Keyring.open(masterKey)).sealDataSecret(true)
    expect(await run()).toContainEqual(
      expect.objectContaining({ what: expect.stringMatching(/opens this pipeline's data/) }),
    )
  })

  it('reports the stages also while Kafka is away', async () => {
    const { state, run } = await openDiagnostics()
    state.kafkaAway = true
    state.health.ingest = { ...healthy, state: 'waiting', reason: 'redis' }
    expect(problemsIn(await run()).map(({ what }) => what)).toEqual([
      'Kafka at kafka:9092: Kafka does not answer',
      'connections were not checked: Kafka does not answer',
      'ingest waits (redis)',
      'lag was not checked: Kafka does not answer',
    ])
  })

  it('reports lag also when the topic of another stage is missing', async () => {
    const { state, run } = await openDiagnostics()
    state.cluster.topics.delete(topics.signals.name)
    state.cluster.now = () => noon - 300_000
    await (await state.broker.producer()).send([{ topic: topics.messages.name, key: 'k', value: Buffer.from('x') }])
    expect(problemsIn(await run()).map(({ what }) => what)).toEqual([
      'topic signals.v1 is missing',
      '1 record of messages.v1 waits, the oldest for 300 s',
    ])
  })

  it('says what the tokens of the settings allow', async () => {
    const { state, run } = await openDiagnostics()
    state.fixedTokens.push('INGEST_TOKEN', 'ADMIN_TOKEN')
    const results = await run()
    expect(problemsIn(results)).toEqual([])
    const said = results.map(({ what }) => what)
    expect(said).toContain('the bearer of INGEST_TOKEN hands over events and looks up attributions for every tenant')
    expect(said).toContain('the bearer of ADMIN_TOKEN changes connections for every tenant')
  })

  it('ends a check that gets no answer after 15 s, and reports the others', async () => {
    const { state, clock, run } = await openDiagnostics()
    state.redisHangs = true
    const areas = new Set<string>()
    const results = run(({ area }) => areas.add(area))
    await clock.advance(14_999)
    expect([...areas]).toEqual(['settings', 'machine', 'kafka', 'registry'])
    await clock.advance(1)
    expect(problemsIn(await results).map(({ what }) => what)).toEqual([
      'Redis at redis://***@redis: no answer within 15 s',
    ])
    expect(clock.pending).toBe(0)
  })
})

it('leaves to the overview what it names itself: no list, and no connection', async () => {
  const { state, run } = await openDiagnostics()
  state.named = []
  state.lists.splice(0)
  const about = async () =>
    (await run())
      .filter(({ area, what }) => area === 'connections' && /list|connected/.test(what))
      .map(({ what }) => what)
  expect(await about()).toEqual([])
  state.connections.splice(0)
  expect(await about()).toEqual([])
  state.named = null
  expect(await about()).toEqual(['no account is connected: every message is dropped'])
})
